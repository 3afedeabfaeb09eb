import type { Header } from '../header.ts';
import type { Pacer } from '../pacers/pacer.ts';
import type { RunState } from '../run-state.ts';
import type { Client } from './client.ts';
import { type Operations, PACED, UNDECIDED, UNSENT } from './operations.ts';
import type { Workload } from './workload.ts';

/** How operations end: each is decided once, enters the books by its class, and lets a closed loop go on. */
export class Outcomes {
  readonly #run: RunState;
  readonly #workload: Workload;
  readonly #operations: Operations;
  readonly #wake: (dueUs: number) => void;
  #pacer: Pacer | null = null;
  #going = 0;

  /** `wake` is told when an end made something due. */
  constructor(
    run: RunState,
    workload: Workload,
    operations: Operations,
    wake: (dueUs: number) => void,
  ) {
    this.#run = run;
    this.#workload = workload;
    this.#operations = operations;
    this.#wake = wake;
  }

  /** Operations that the pacer believes to go on. */
  get going(): number {
    return this.#going;
  }

  start(pacer: Pacer): void {
    this.#pacer = pacer;
  }

  begin(): void {
    this.#going++;
  }

  /** Tells the pacer, once, that the operation ended; it may still be undecided. */
  end(slot: number, endedUs: number): void {
    const operations = this.#operations;
    const state = operations.state(slot);
    if ((state & PACED) === 0) return;
    operations.setState(slot, state & ~PACED);
    this.#going--;
    if (this.#pacer === null) return;
    this.#pacer.ended(operations.client(slot), endedUs);
    this.#wake(this.#pacer.peekUs());
  }

  /** A one-way message is through, as far as its client can know. */
  complete(client: Client, slot: number, endedUs: number): void {
    this.#run.tally.completed++;
    if (this.#operations.measured(slot)) client.account.completed++;
    this.#decide(slot, endedUs);
  }

  /** A call was answered in time. */
  answer(client: Client, slot: number, reply: Header, doneUs: number): void {
    const operations = this.#operations;
    if (operations.measured(slot)) {
      const dueUs = operations.dueUs(slot);
      if (reply.serverSite === client.peer.site) client.account.local++;
      this.#workload.replied?.(this.#run, reply, dueUs, operations.sentUs(slot), doneUs);
      client.responses.record(doneUs - dueUs);
    }
    this.complete(client, slot, doneUs);
  }

  /** The bus said no. */
  refuse(client: Client, slot: number, outcome: string, reason: string, endedUs: number): void {
    if (this.#operations.measured(slot)) client.account.refuse(this.#operations.sequence(slot));
    this.#fail(client, slot, outcome, reason, endedUs);
  }

  /** The deadline, or the end of the drain, has come. Closes the operation. */
  giveUp(client: Client, slot: number, nowUs: number): void {
    const operations = this.#operations;
    const state = operations.state(slot);
    if ((state & UNDECIDED) !== 0) {
      const loss = this.#lossOf(client, slot);
      if (operations.sentUs(slot) === 0) {
        this.#fail(client, slot, 'unsent', this.#whyUnsent(client, slot, nowUs), nowUs);
      } else if (this.#workload.replied !== null) {
        this.#fail(client, slot, 'timeout', loss ?? this.#whySilent(slot, nowUs), nowUs);
      } else if ((state & UNSENT) === 0) {
        if (loss !== null && operations.measured(slot)) {
          client.account.noteTrouble(operations.sequence(slot), loss);
        }
        this.complete(client, slot, nowUs);
      }
      // Cut off, and not sent again in time: the bus's last word on it stands.
      else this.refuse(client, slot, 'connection-lost', loss ?? 'not sent again in time', nowUs);
    }
    operations.setState(slot, 0);
  }

  /** What the bus said when it was lost while the operation was under way, or waited to be; null when it was not. */
  #lossOf({ loss }: Client, slot: number): string | null {
    const operations = this.#operations;
    const sinceUs = operations.sentUs(slot) || operations.takenUs(slot);
    return loss !== null && loss.atUs >= sinceUs ? loss.words : null;
  }

  #whyUnsent(client: Client, slot: number, nowUs: number): string {
    const words = client.hindrance ?? this.#lossOf(client, slot);
    if (words !== null) return words;
    const deadlineUs = this.#operations.dueUs(slot) + this.#run.timeoutUs;
    if (nowUs < deadlineUs) return 'the run ended before its deadline';
    return this.#operations.takenUs(slot) >= deadlineUs
      ? 'our agent came to it after its deadline'
      : 'the bus took nothing more until its deadline';
  }

  #whySilent(slot: number, nowUs: number): string {
    const deadlineUs = this.#operations.dueUs(slot) + this.#run.timeoutUs;
    return nowUs < deadlineUs ? 'the run ended before its deadline' : 'no reply by its deadline';
  }

  #fail(client: Client, slot: number, outcome: string, words: string, endedUs: number): void {
    const { recorder, tally, log } = this.#run;
    tally.failed++;
    if (this.#operations.measured(slot)) {
      client.account.fail(outcome);
      tally.countEnd(endedUs);
      recorder.countFailed(client.peer.site, this.#operations.dueUs(slot), outcome, words);
      const isNew = tally.reasons.count(outcome, words);
      if (isNew)
        log.say(`failed ${outcome}`, `${client.peer.name}: first failed ${outcome}: ${words}`);
    }
    this.#decide(slot, endedUs);
  }

  #decide(slot: number, endedUs: number): void {
    this.end(slot, endedUs);
    const operations = this.#operations;
    operations.setState(slot, operations.state(slot) & ~(UNDECIDED | UNSENT));
  }
}
