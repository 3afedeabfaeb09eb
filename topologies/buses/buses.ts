import { z } from 'zod';
import type { Immutable } from '../json.ts';
import { external, externalMistakes, withBrokers } from './external.ts';
import { memory, memoryMistakes } from './memory.ts';
import { none } from './none.ts';
import type { BusMistake } from './options.ts';
import { rabbitmq, rabbitmqMistakes } from './rabbitmq.ts';
import { router, routerMistakes } from './router.ts';
import { zeromq, zeromqMistakes } from './zeromq.ts';

/** `bus:` of a scenario: its type, the sites of its nodes, and the options of that type. */
export const bus = z
  .discriminatedUnion('type', [zeromq, rabbitmq, router, external, memory, none])
  .meta({ description: 'the system under test, and the options of its type' });

/** The system under test. `nodes[0]` is the site of `bus-1`. */
export type BusSpec = Immutable<z.output<typeof bus>>;

export type BusType = BusSpec['type'];

type Buses = { readonly [S in BusSpec as S['type']]: S };

/** The bus of one type. */
export type BusOf<T extends BusType> = Buses[T];

/** What of a bus follows from the sites: nodes that were not listed, brokers of each; and what cannot be. */
export function placeBus(
  spec: BusSpec,
  sites: readonly string[],
): { readonly bus: BusSpec; readonly mistakes: readonly BusMistake[] } {
  const nodes = spec.nodes.length > 0 ? spec.nodes : sites;
  switch (spec.type) {
    case 'rabbitmq': {
      const placed = { ...spec, nodes };
      return { bus: placed, mistakes: rabbitmqMistakes(placed) };
    }
    case 'router': {
      const placed = { ...spec, nodes };
      return { bus: placed, mistakes: routerMistakes(placed) };
    }
    case 'zeromq':
      return {
        bus: spec.options.mode === 'proxy' ? { ...spec, nodes } : spec,
        mistakes: zeromqMistakes(spec),
      };
    case 'external':
      return { bus: withBrokers(spec, sites), mistakes: externalMistakes(spec, sites) };
    case 'memory':
      return { bus: spec, mistakes: memoryMistakes(spec) };
    case 'none':
      return { bus: spec, mistakes: [] };
  }
}

/** The bus in the notation of a file. */
export function busNotation(spec: BusSpec): {
  readonly type: BusType;
  readonly nodes?: readonly string[];
  readonly [option: string]: unknown;
} {
  return bus.encode(spec as z.output<typeof bus>);
}
