/** What a node says of partitions of its cluster. */
export interface PartitionCounters extends Readonly<Record<string, number>> {
  /** Nodes that it found to have gone on without it, or it without them. */
  readonly partitionsSeen: number;
  /** How often it paused itself because it was in the minority (`pause_minority`). */
  readonly minorityPauses: number;
  /** How often it was chosen to give up its state and start again (`autoheal`). */
  readonly autohealRestarts: number;
}

const seen = /inconsistent_database, (?:running|starting)_partitioned_network/;
const paused = /Cluster minority\/secondary status detected/;
/** Khepri has no word of its own for it; a node that died is `connection_closed`. */
const silent = /node '?[^' ]+'? down: net_tick_timeout/;
const healed = /Autoheal: we were selected to restart/;
/** A node says several times that it pauses; what is closer together than this is one pause. */
const onePauseMs = 2_000;

/** Reads the log of a node, which tells what the management API forgets once a partition has healed. */
export function readPartitions(log: string): PartitionCounters {
  let [partitionsSeen, minorityPauses, autohealRestarts] = [0, 0, 0];
  let pausedAtMs = Number.NEGATIVE_INFINITY;
  for (const line of log.split('\n')) {
    if (seen.test(line) || silent.test(line)) partitionsSeen++;
    else if (healed.test(line)) autohealRestarts++;
    else if (paused.test(line)) {
      const atMs = Date.parse(line.slice(0, 26).replace(' ', 'T'));
      if (!(atMs - pausedAtMs < onePauseMs)) minorityPauses++;
      pausedAtMs = atMs;
    }
  }
  return { partitionsSeen, minorityPauses, autohealRestarts };
}
