import { sum } from '../reconcile/parts.ts';
import type { RunResult, Warning } from '../result.ts';
import { type Unjudged, warn } from './warning.ts';

/** A cluster that fell apart during the run, by the counters that its nodes keep of it, and what healed it. */
export function partitionWarnings({ nodes }: RunResult['bus']): Warning[] {
  const having = (counter: string): typeof nodes =>
    nodes.filter(({ counters }) => (counters[counter] ?? 0) > 0);
  const names = (of: typeof nodes): string => of.map(({ name }) => name).join(', ');
  const seen = having('partitionsSeen');
  const paused = having('minorityPauses');
  const restarted = having('autohealRestarts');
  const apart = having('partitionedFrom');
  if (seen.length + paused.length + apart.length === 0) return [];
  const said = [
    ...(seen.length > 0 ? [`the cluster fell apart, say ${names(seen)}`] : []),
    ...(paused.length > 0 ? [`${names(paused)} paused in the minority`] : []),
    ...(restarted.length > 0 ? [`autoheal restarted ${names(restarted)}`] : []),
    apart.length > 0
      ? `${names(apart)} still ${apart.length === 1 ? 'is' : 'are'} apart from others`
      : 'it is whole again',
  ];
  return [
    warn({
      code: 'BUS_PARTITIONED',
      message: said.join('; '),
      advice:
        'bus.clusterPartitionHandling decides what heals it: ignore (nothing does), pause_minority or autoheal.',
      value: seen.length,
      limit: 0,
    }),
  ];
}

/** How far the routers' own share of locally served messages may be from ours: theirs counts warm-up and probes too. */
const localShareTolerance = 0.05;

/** What AMQP routers say of themselves: pre-settled deliveries they dropped, and their own count of locality. */
export function routerWarnings({ bus, locality }: Unjudged): Warning[] {
  const dropped = sum(bus.nodes, ({ counters }) => counters['droppedPresettled'] ?? 0);
  const warnings =
    dropped === 0
      ? []
      : [
          warn({
            code: 'DROPPED_PRESETTLED',
            message: `the routers dropped ${dropped} pre-settled deliveries, by their own count`,
            advice:
              'A receiver was slower than its senders: lower the rate, or use guarantee at-least-once.',
            value: dropped,
            limit: 0,
          }),
        ];
  const theirs = bus.details['routerLocalShare'];
  const total = sum(locality.matrix, ({ count }) => count);
  if (theirs === undefined || total === 0) return warnings;
  const local = locality.matrix.filter(({ client, server }) => client === server);
  const ours = sum(local, ({ count }) => count) / total;
  if (Math.abs(ours - theirs) <= localShareTolerance) return warnings;
  const message = `the routers count ${(100 * theirs).toFixed(1)} % of deliveries as local, the agents ${(100 * ours).toFixed(1)} %`;
  const advice = "After a failover both may be right: clients then use another site's router.";
  const [value, limit] = [Math.abs(ours - theirs), localShareTolerance];
  return [...warnings, warn({ code: 'LOCALITY_DISAGREES', message, advice, value, limit })];
}
