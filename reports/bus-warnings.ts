import type { RunResult, Warning } from './result.ts';
import { warn } from './warning.ts';

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
