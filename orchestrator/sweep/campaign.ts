import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord } from '../../reports/record.ts';
import { writeRecord } from '../../reports/write.ts';
import { describeFailure } from '../errors.ts';
import { Observer, type RunProgress } from '../observer.ts';
import { makeContext } from '../output.ts';
import { makePlan } from '../plan.ts';
import { bench } from '../run.ts';
import { scenarioYaml } from '../scenario.ts';
import type { SweepOptions } from '../sweep.ts';
import type { PointEntry, PointStatus } from './journal.ts';
import type { Point } from './points.ts';
import type { SweepSpec } from './spec.ts';
import { Standing } from './standing.ts';

type Outcome = Pick<PointEntry, 'status' | 'reason'>;

/** Measures points one by one on what stands, and writes each into the journal however it ends. */
export class Campaign implements AsyncDisposable {
  /** Points of the campaign and how many of them are behind us, for the progress. */
  total = 0;
  done = 0;
  readonly #spec: SweepSpec;
  readonly #options: SweepOptions;
  readonly #standing: Standing;
  #current: Point | null = null;
  #measured = 0;
  #measuredMs = 0;

  constructor(spec: SweepSpec, options: SweepOptions) {
    this.#spec = spec;
    this.#options = options;
    const { context, stop } = options;
    const onStep = (step: string): void => this.#report({ ...quiet, step });
    this.#standing = new Standing(spec.reuse, { context, onStep, stop });
  }

  /** Never rejects because of the point: a failure is an entry with its reason. */
  async measure(point: Point): Promise<PointEntry> {
    const { journal } = this.#options;
    const { id, settings, repetition } = point;
    this.#current = point;
    const startedAt = new Date();
    await mkdir(journal.runningDirectory(id), { recursive: true });
    const outcome = await this.#attempt(point);
    const durationMs = Date.now() - startedAt.getTime();
    const entry = {
      id,
      settings,
      repetition,
      ...outcome,
      directory: join('points', id),
      startedAt: startedAt.toISOString(),
      durationMs,
    };
    await journal.finish(entry);
    this.#measured += 1;
    this.#measuredMs += durationMs;
    return entry;
  }

  async #attempt(point: Point): Promise<Outcome> {
    const { journal, stop, commandLine } = this.#options;
    const directory = journal.runningDirectory(point.id);
    const timeout = AbortSignal.timeout(this.#spec.pointTimeoutMs);
    const options = { commandLine, stop: AbortSignal.any([stop, timeout]) };
    let outcome: Outcome;
    try {
      await using context = await makeContext(join(directory, 'logs'));
      const deployment = await this.#standing.for(point);
      const plan = makePlan(point.scenario);
      const observer = new Observer(point.scenario, (run) => this.#report(run));
      const record = await bench(plan, deployment, observer, {
        ...options,
        context,
        onProgress: () => {},
      });
      await deployment.bus.reset(AbortSignal.timeout(resetMs));
      await writeRecord(directory, record, scenarioYaml(point.scenario));
      outcome = outcomeOf(record);
    } catch (error) {
      const { code, message } = describeFailure(error);
      outcome = { status: 'failed', reason: `${code}: ${message}` };
    }
    if (stop.aborted) outcome = { status: 'interrupted', reason: 'the campaign was stopped' };
    else if (timeout.aborted)
      outcome = { status: 'timeout', reason: `longer than ${this.#spec.pointTimeoutMs} ms` };
    // Nothing of a point that went wrong may reach the next one.
    if (!unharmed.includes(outcome.status)) await this.#standing.drop();
    return outcome;
  }

  #report(run: RunProgress): void {
    const { total, done } = this;
    const leftMs =
      this.#measured === 0 ? null : (this.#measuredMs / this.#measured) * (total - done);
    this.#options.onProgress({ total, done, leftMs, settings: this.#current?.settings ?? {}, run });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#standing[Symbol.asyncDispose]();
  }
}

/** Time for a bus to prove its queues empty between points. */
const resetMs = 30_000;
const unharmed: readonly PointStatus[] = ['ok', 'expectation-missed', 'invalid'];
const quiet: RunProgress = {
  step: '',
  elapsedMs: 0,
  totalMs: null,
  due: 0,
  completed: 0,
  failed: 0,
  p99Us: null,
};

function outcomeOf({ result }: RunRecord): Outcome {
  const { status, warnings, expectations, failure } = result.verdict;
  switch (status) {
    case 'ok':
      return { status, reason: null };
    case 'expectation-missed': {
      const missed = expectations.filter(({ met }) => !met).map(({ expression }) => expression);
      return { status, reason: `missed: ${missed.join('; ')}` };
    }
    case 'invalid': {
      const causes = warnings
        .filter(({ invalidates }) => invalidates)
        .map(({ message }) => message);
      return { status, reason: causes.join('; ') };
    }
    default:
      return { status, reason: failure === null ? status : `${failure.code}: ${failure.message}` };
  }
}
