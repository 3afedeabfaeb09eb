import type { AgentLog } from './log.ts';
import type { Offsets } from './offsets.ts';
import type { Assignment, Schedule } from './protocol.ts';
import { ReasonCounts } from './reasons.ts';
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

/** The run as one agent knows it: what its client and its server half share. */
export interface RunState {
  readonly assignment: Assignment;
  readonly recorder: Recorder;
  readonly tally: Tally;
  readonly log: AgentLog;
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
  /** Failures of the window. */
  readonly reasons: ReasonCounts = new ReasonCounts();

  /** An operation of the window was done. */
  countDone(doneUs: number, windowEndUs: number): void {
    this.countEnd(doneUs);
    if (doneUs <= windowEndUs) this.doneInWindow++;
  }

  /** An operation of the window was done or has failed. */
  countEnd(endedUs: number): void {
    if (endedUs > this.lastEndUs) this.lastEndUs = endedUs;
  }
}
