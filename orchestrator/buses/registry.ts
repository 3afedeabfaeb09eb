import type { BusType } from '../../topologies/scenario.ts';
import type { BusDeployer } from './bus.ts';

/** Every bus type we can deploy; loaded when first asked for. */
export const busDeployers: Readonly<Partial<Record<BusType, () => Promise<BusDeployer>>>> = {
  memory: async () => (await import('./memory.ts')).memoryBus,
  zeromq: async () => (await import('./zeromq.ts')).zeromqBus,
};
