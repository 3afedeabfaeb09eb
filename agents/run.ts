import type { Offsets } from './offsets.ts';
import type { Assignment, Schedule } from './protocol.ts';
import type { Recorder } from './recorder.ts';

/** The phases of a run in this process's clock, µs; the window's end is open (Infinity) when calls end it. */
export interface Phases {
  readonly startUs: number;
  readonly measureUs: number;
  readonly measureEndUs: number;
}

/** Phases begin at whole microseconds, so that an operation due exactly at a border falls on the same side everywhere. */
export function phasesOf({ startUs, measureUs, measureEndUs }: Schedule): Phases {
  const start = Math.round(startUs);
  return {
    startUs: start,
    measureUs: start + Math.round(measureUs - startUs),
    measureEndUs:
      measureEndUs === null ? Number.POSITIVE_INFINITY : start + Math.round(measureEndUs - startUs),
  };
}

/** What the client and the server half of one process share. */
export interface Run {
  readonly assignment: Assignment;
  readonly recorder: Recorder;
  readonly tally: Tally;
  readonly nowUs: () => number;
  readonly timeoutUs: number;
  readonly offsets: Offsets;
  /** Null until the orchestrator says when to start. */
  phases: Phases | null;
  /** When the measuring window ends or was ended. */
  windowEndUs: number;
  /** Receivers ready now, by topic. */
  receivers: readonly number[];
}

const reasonsMax = 100;
const reasonLengthMax = 200;

/** Totals of one process. Those of the first group count warm-up, too: they feed the live display. */
export class Tally {
  due = 0;
  sent = 0;
  completed = 0;
  failed = 0;
  delivered = 0;

  /** Of the measuring window: operations begun and messages handled. */
  operations = 0;
  handled = 0;
  /** End of the window's last operation, done or failed, µs of this process's clock; -Infinity when none ended. */
  lastEndUs: number = Number.NEGATIVE_INFINITY;
  /** Completed as far as this process knows, before the window ended. */
  doneInWindow = 0;
  reconnects = 0;
  /** Messages of another run or program. */
  foreign = 0;
  readonly #reasons = new Map<string, { outcome: string; reason: string; count: number }>();

  /** An operation of the window was done. */
  countDone(doneUs: number, windowEndUs: number): void {
    this.countEnd(doneUs);
    if (doneUs <= windowEndUs) this.doneInWindow++;
  }

  /** An operation of the window was done or has failed. */
  countEnd(endedUs: number): void {
    if (endedUs > this.lastEndUs) this.lastEndUs = endedUs;
  }

  /** Counts one failure of the window under the bus's own words; what is beyond 100 different ones is pooled. */
  countReason(outcome: string, reason: string): void {
    const words = reason.slice(0, reasonLengthMax);
    const key = `${outcome} ${words}`;
    const known = this.#reasons.get(key);
    if (known !== undefined) known.count++;
    else if (this.#reasons.size < reasonsMax) {
      this.#reasons.set(key, { outcome, reason: words, count: 1 });
    } else if (reason !== otherReasons) this.countReason(outcome, otherReasons);
    else this.#reasons.set(key, { outcome, reason, count: 1 });
  }

  /** Most frequent first. */
  reasons(): { outcome: string; reason: string; count: number }[] {
    return [...this.#reasons.values()].sort((a, b) => b.count - a.count);
  }
}

const otherReasons = 'other reasons';
