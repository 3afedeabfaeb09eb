import type { RunState } from '../run-state.ts';
import type { Client } from './client.ts';
import { type Operations, SUSPECTED, UNCONFIRMED, UNDECIDED, UNSENT } from './operations.ts';
import type { Outcomes } from './outcomes.ts';

/** What becomes of messages that the bus did not take: at least once some of them are sent again, the others fail. */
export class Refusals {
  readonly #run: RunState;
  readonly #operations: Operations;
  readonly #outcomes: Outcomes;
  readonly #confirms: boolean;

  constructor(run: RunState, operations: Operations, outcomes: Outcomes) {
    this.#run = run;
    this.#operations = operations;
    this.#outcomes = outcomes;
    this.#confirms = run.assignment.guarantee === 'at-least-once';
  }

  /** True when the message is to be sent again. */
  refused(client: Client, token: number, outcome: string, reason: string): boolean {
    const operations = this.#operations;
    const slot = operations.find(token);
    if (slot < 0) return false;
    const state = operations.state(slot) & ~UNCONFIRMED;
    operations.setState(slot, state);
    if ((state & UNDECIDED) === 0 || (state & UNSENT) !== 0) return false;
    if (this.#confirms && this.#mayBeTaken(state, outcome)) {
      const suspected = outcome === 'closed' ? SUSPECTED : 0;
      operations.setState(slot, state | UNSENT | suspected);
      return true;
    }
    this.#refuse(client, slot, outcome === 'closed' ? 'refused' : outcome, reason);
    return false;
  }

  /**
   * A message was too large, and the first such one under way is the one, as a channel's messages are looked at in turn.
   * At most once, what was sent after it is refused with it; at least once the driver gives it back to be sent again.
   */
  tooLarge(client: Client, bytes: number, reason: string): void {
    const operations = this.#operations;
    let isBehind = false;
    for (const slot of operations.underWay(client.position)) {
      const isTaken = this.#confirms && (operations.state(slot) & UNCONFIRMED) === 0;
      if (isTaken) continue;
      const isTooLarge = operations.bytes(slot) >= bytes;
      isBehind ||= isTooLarge;
      if (isTooLarge || (isBehind && !this.#confirms))
        this.#refuse(client, slot, 'refused', reason);
    }
  }

  /** A cut says nothing of the message; a way that was closed under it twice, it may have closed itself. */
  #mayBeTaken(state: number, outcome: string): boolean {
    return outcome === 'connection-lost' || (outcome === 'closed' && (state & SUSPECTED) === 0);
  }

  #refuse(client: Client, slot: number, outcome: string, reason: string): void {
    this.#outcomes.refuse(client, slot, outcome, reason, this.#run.nowUs());
  }
}
