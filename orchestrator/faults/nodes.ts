import type { FaultSpec } from '../../topologies/faults.ts';
import type { BusNode } from '../buses/bus.ts';
import { cannot, type FaultScene, type Injection, mended } from './injection.ts';

/** Pause, kill or restart of a bus node. It is mended when it is back in service and in its cluster. */
export function nodeInjection(fault: FaultSpec, node: BusNode, { outages }: FaultScene): Injection {
  const target = node.name;
  const never = new AbortController().signal;
  const startAgain = async (): Promise<void> => {
    await node.start(never);
    outages.end(node);
  };
  switch (fault.action) {
    case 'pause':
      return { target, begin: () => node.pause(), end: mended(() => node.resume()) };
    case 'kill': {
      const begin = (): Promise<void> => {
        outages.begin(node);
        return node.kill();
      };
      return { target, begin, end: fault.forMs === null ? null : mended(startAgain) };
    }
    case 'restart': {
      const begin = (): Promise<void> => {
        outages.begin(node);
        return node.stop(never);
      };
      return { target, begin, end: mended(startAgain) };
    }
    default:
      throw cannot(fault, target);
  }
}
