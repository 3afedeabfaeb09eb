import type { BusType } from '../../topologies/buses/buses.ts';
import type { BusDeployer } from './bus.ts';

/** Every bus type we can deploy; loaded when first asked for. */
export const busDeployers: {
  readonly [T in BusType]: () => Promise<BusDeployer<T>>;
} = {
  rabbitmq: async () => (await import('./rabbitmq/rabbitmq.ts')).rabbitmqBus,
  external: async () => (await import('./external/external.ts')).externalBus,
  router: async () => (await import('./router/router.ts')).routerBus,
  none: async () => (await import('./none.ts')).noBus,
  memory: async () => (await import('./memory.ts')).memoryBus,
  zeromq: async () => (await import('./zeromq/zeromq.ts')).zeromqBus,
};

/** The deployer of a bus type, which takes scenarios with a bus of that type. */
export async function busDeployer(type: BusType): Promise<BusDeployer> {
  return await busDeployers[type]();
}
