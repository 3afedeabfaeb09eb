/** Where the messages of a run's pattern go; `{topic} {server} {pool}` in them are filled in for each peer. */
export interface AddressTemplates<A> {
  /** What a server listens at. */
  readonly receive: readonly A[];
  /** Where a client sends that has no server of its own. */
  readonly send: A;
  /** Where a client of `target: one` sends; null where nobody does. */
  readonly sendOne: A | null;
}
