/**
 * Says when the next operation of this process is due. A pacer never skips and never reads a clock:
 * the workload takes what is due, late or not.
 */
export interface Pacer {
  /** When the next operation is due, µs of the agent's clock; Infinity while there is none (yet). */
  peekUs(): number;
  /** Takes that operation: the position in `Assignment.clients` of the client it belongs to. */
  take(): number;
  /** An operation of this client ended (done or failed) at `endedUs`: closed loops make the next one due. */
  ended(client: number, endedUs: number): void;
}
