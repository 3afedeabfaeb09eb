import type { BusDeployer } from './bus.ts';

/** No bus and nobody to use one: a run then measures the network between the sites, and nothing else. */
export const noBus: BusDeployer<'none'> = {
  type: 'none',
  refuse({ faults, clients, servers }) {
    return [
      ...(clients.count > 0 ? [{ path: 'clients.count', message: noPeers }] : []),
      ...(servers.count > 0 ? [{ path: 'servers.count', message: noPeers }] : []),
      ...faults.flatMap(({ target }, i) =>
        target.kind === 'between'
          ? []
          : [{ path: `faults[${i}]`, message: 'without a bus only links can break' }],
      ),
    ];
  },
  describe: () => ['none: only the links are measured'],
  available: () => Promise.resolve(null),
  deploy: () =>
    Promise.resolve({
      type: 'none',
      nodes: [],
      readyMs: 0,
      details: {},
      endpoint: () => Promise.reject(new Error('without a bus there are no agents')),
      directory: (processes) => Promise.resolve(processes.map(() => null)),
      counters: () => Promise.resolve(new Map()),
      reset: () => Promise.resolve(),
      topicSite: () => null,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};

const noPeers = 'expected none: bus type none has neither clients nor servers';
