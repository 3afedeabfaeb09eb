/** What sets one messaging pattern apart from another: everything else follows from its row. */
interface PatternTraits {
  /** Servers answer, and the answer ends the operation; else its deliveries do. */
  readonly replies: boolean;
  /** Who gets a copy of each message: one server of its topic, every server of it, or one server of each pool. */
  readonly copies: 'one' | 'server' | 'pool';
}

/** The patterns. A new one is a row here and a workload in `agents/workloads/`; the compiler names what else it needs. */
export const patterns = {
  call: { replies: true, copies: 'one' },
  cast: { replies: false, copies: 'one' },
  fanout: { replies: false, copies: 'server' },
  notify: { replies: false, copies: 'pool' },
} as const satisfies Readonly<Record<string, PatternTraits>>;

export type Pattern = keyof typeof patterns;

/** Whether a message has several receivers, so that it is done when the last of them has it. */
export function hasManyReceivers(workload: {
  readonly pattern: Pattern;
  readonly pools: number;
}): boolean {
  const { copies } = patterns[workload.pattern];
  return copies === 'server' || (copies === 'pool' && workload.pools > 1);
}
