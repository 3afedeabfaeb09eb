import type { MemoryEndpoint } from '../../agents/drivers/memory/endpoint.ts';
import type { BusOf } from '../../topologies/buses/buses.ts';
import type { Bus, BusDeployer } from './bus.ts';

/** Everything inside one agent process: measures the toolkit's own floor, or what it makes of injected faults. */
export const memoryBus: BusDeployer<'memory'> = {
  type: 'memory',
  refuse: ({ faults }) =>
    faults.flatMap(({ target }, i) =>
      target.kind === 'between'
        ? [{ path: `faults[${i}]`, message: 'no message of the memory bus crosses a link' }]
        : [],
    ),
  describe: () => [
    'memory: clients, bus and servers in one process; links between sites do not apply',
  ],
  available: () => Promise.resolve(null),
  deploy: ({ bus }) => Promise.resolve(deployed(bus)),
};

function deployed({ options }: BusOf<'memory'>): Bus {
  const { delayMs, ...rest } = options;
  const endpoint: MemoryEndpoint = { ...rest, delayUs: delayMs * 1000 };
  return {
    type: 'memory',
    nodes: [],
    readyMs: 0,
    details: {},
    endpoint: () => Promise.resolve({ driver: 'memory', endpoint }),
    directory: (processes) => Promise.resolve(processes.map(() => null)),
    counters: () => Promise.resolve(new Map()),
    reset: () => Promise.resolve(),
    topicSite: () => null,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
