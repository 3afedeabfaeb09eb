import type { ResolvedScenario } from '../../topologies/scenario.ts';
import type { Point } from './points.ts';

/** Starting agents, proving links and collecting, beside the phases of a scenario, ms: what a quiet machine takes. */
const overheadMs = 3_500;
/** A counted run has no length of its own; a guess until some were measured. */
const countedMs = 10_000;

/** Time a point should take on a bus that stands, ms. */
export function expectedMs({ phases }: Pick<ResolvedScenario, 'phases'>): number {
  const { warmupMs, measure } = phases;
  // Calls end their drain as soon as all are answered; others wait for it.
  const measureMs = measure.kind === 'duration' ? measure.ms : countedMs;
  return overheadMs + warmupMs + measureMs;
}

/** Where a sweep is. */
export interface SweepPosition {
  readonly done: number;
  readonly total: number;
  readonly leftMs: number;
}

/** How much of a sweep is left: expected times, corrected by what the points so far really took. */
export class Countdown {
  #expected = 0;
  #taken = 0;
  #position: Omit<SweepPosition, 'leftMs'> = { done: 0, total: 0 };
  #leftMs = 0;

  /** `left`: the points still to be measured, if that is known. */
  at(done: number, total: number, left: readonly Pick<Point, 'scenario'>[]): void {
    this.#position = { done, total };
    this.#leftMs = left.reduce((sum, { scenario }) => sum + expectedMs(scenario), 0);
  }

  measured({ scenario }: Pick<Point, 'scenario'>, durationMs: number): void {
    this.#expected += expectedMs(scenario);
    this.#taken += durationMs;
  }

  now(): SweepPosition {
    const factor = this.#expected === 0 ? 1 : this.#taken / this.#expected;
    return { ...this.#position, leftMs: this.#leftMs * factor };
  }
}
