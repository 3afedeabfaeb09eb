// Our own: what libraries call rate limits skip or bunch what is late, and a benchmark must do neither.

/**
 * Says when the next operation of this process is due. A pacer never skips and never reads a clock:
 * the workload takes what is due, late or not.
 */
export interface Pacer {
  /** When the next operation is due, µs of the agent's clock; Infinity while there is none (yet). Never falls. */
  peekUs(): number;
  /** Takes the operation that `peekUs` just told of: the position in `Assignment.clients` of its client. */
  take(): number;
  /** An operation of this client ended (done or failed) at `endedUs`: closed loops make the next one due. */
  ended(client: number, endedUs: number): void;
}

/** What every pacer is made from. Times in µs of the agent's clock; the phases begin at whole microseconds. */
export interface PacerOptions {
  /** Global indices of this process's clients, by position. */
  readonly clients: readonly number[];
  readonly totalClients: number;
  readonly seed: number;
  /** Operations due from here to `measureUs` are warm-up. */
  readonly startUs: number;
  readonly measureUs: number;
  /** Nothing is due at or after it; Infinity when `callsPerClient` ends the window. */
  readonly measureEndUs: number;
  /** Measured operations of each client; null when a duration ends the window. */
  readonly callsPerClient: number | null;
}
