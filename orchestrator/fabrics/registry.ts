import type { FabricName } from '../../topologies/scenario.ts';
import type { FabricMaker } from './fabric.ts';

/** Every fabric we can make; loaded when first asked for. */
export const fabricMakers: Readonly<Partial<Record<FabricName, () => Promise<FabricMaker>>>> = {
  loopback: async () => (await import('./loopback/loopback.ts')).loopback,
  machines: async () => (await import('./machines/machines.ts')).machines,
  namespaces: async () => (await import('./namespaces/namespaces.ts')).namespaces,
};
