import type { BusType } from '../../topologies/scenario.ts';
import type { BusDeployer } from './bus.ts';

/** Every bus type we can deploy; loaded when first asked for. */
export const busDeployers: Readonly<Partial<Record<BusType, () => Promise<BusDeployer>>>> = {
  rabbitmq: async () => (await import('./rabbitmq/rabbitmq.ts')).rabbitmqBus,
  external: async () => (await import('./external/external.ts')).externalBus,
  router: async () => (await import('./router/router.ts')).routerBus,
  none: async () => (await import('./none.ts')).noBus,
  memory: async () => (await import('./memory.ts')).memoryBus,
  zeromq: async () => (await import('./zeromq/zeromq.ts')).zeromqBus,
};
