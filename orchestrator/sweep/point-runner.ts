import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { RunRecord } from '../../reports/record.ts';
import type { PointEntry, PointStatus, Settings } from '../../reports/sweep/sweep.ts';
import { writeRecord } from '../../reports/write.ts';
import { describeFailure } from '../errors.ts';
import { Observer, quietProgress, type RunProgress } from '../observer.ts';
import { makePlan } from '../plan/plan.ts';
import { scenarioYaml } from '../read/scenario.ts';
import { bench } from '../run.ts';
import { makeContext } from '../run-directories.ts';
import { Countdown, type SweepPosition } from './countdown.ts';
import { DeploymentCache } from './deployment-cache.ts';
import type { Journal } from './journal.ts';
import type { Point } from './points.ts';
import type { SweepSpec } from './spec.ts';

export interface SweepOptions {
  readonly journal: Journal;
  readonly commandLine: readonly string[];
  /** Statuses of finished points to measure again. */
  readonly retry: readonly PointStatus[];
  readonly stop: AbortSignal;
  readonly onProgress: (progress: SweepProgress) => void;
}

export interface SweepProgress extends SweepPosition {
  readonly settings: Settings;
  readonly repetition: number;
  readonly run: RunProgress;
}

type Outcome = Pick<PointEntry, 'status' | 'reason' | 'logs'>;

/** Measures points one by one on what stands, and writes each into the journal however it ends. */
export class PointRunner implements AsyncDisposable {
  readonly countdown: Countdown;
  readonly #spec: SweepSpec;
  readonly #options: SweepOptions;
  readonly #deployments: DeploymentCache;
  #current: Point | null = null;

  constructor(spec: SweepSpec, options: SweepOptions) {
    this.#spec = spec;
    this.#options = options;
    this.countdown = new Countdown();
    const logs = join(options.journal.directory, 'logs');
    this.#deployments = new DeploymentCache(spec.reuse, logs, (step) =>
      this.#report({ ...quietProgress, step }),
    );
  }

  /** Never rejects because of the point: a failure is an entry with its reason. */
  async measure(point: Point): Promise<PointEntry> {
    const { journal } = this.#options;
    const { id, settings, repetition } = point;
    this.#current = point;
    const startedAt = new Date();
    const startedMs = performance.now();
    await mkdir(journal.runningDirectory(id), { recursive: true });
    const outcome = await this.#attempt(point);
    const durationMs = Math.round(performance.now() - startedMs);
    const entry: PointEntry = {
      id,
      settings,
      repetition,
      ...outcome,
      directory: join('points', id),
      startedAt: startedAt.toISOString(),
      durationMs,
    };
    await journal.finish(entry);
    this.countdown.measured(point, durationMs);
    return entry;
  }

  async #attempt(point: Point): Promise<Outcome> {
    const { stop } = this.#options;
    const timeout = AbortSignal.timeout(this.#spec.pointTimeoutMs);
    let outcome = await this.#bench(point, AbortSignal.any([stop, timeout]));
    if (stop.aborted) {
      outcome = { ...outcome, status: 'interrupted', reason: 'the sweep was stopped' };
    } else if (timeout.aborted) {
      const reason = `took longer than ${this.#spec.pointTimeoutMs} ms`;
      outcome = { ...outcome, status: 'timeout', reason };
    }
    // Nothing of a point that went wrong, or that broke something on purpose, may reach the next one.
    if (unharmed.includes(outcome.status) && point.scenario.faults.length === 0) return outcome;
    try {
      await this.#deployments.drop();
    } catch (error) {
      const { code, message } = describeFailure(error);
      return { ...outcome, status: 'failed', reason: `removing it: ${code}: ${message}` };
    }
    return outcome;
  }

  async #bench(point: Point, stop: AbortSignal): Promise<Outcome> {
    const { journal, commandLine } = this.#options;
    const directory = journal.runningDirectory(point.id);
    let logs: string | null = null;
    try {
      const deployment = await this.#deployments.for(point, stop);
      logs = relative(journal.directory, deployment.logs);
      await using context = await makeContext(join(directory, 'logs'));
      const observer = new Observer(point.scenario, (run) => this.#report(run));
      const options = { context, commandLine, stop, onProgress: () => {} };
      const record = await bench(makePlan(point.scenario), deployment, observer, options);
      await writeRecord(directory, record, scenarioYaml(record.result.scenario));
      return { ...outcomeOf(record), logs };
    } catch (error) {
      const { code, message } = describeFailure(error);
      return { status: 'failed', reason: `${code}: ${message}`, logs };
    }
  }

  #report(run: RunProgress): void {
    const { settings = {}, repetition = 1 } = this.#current ?? {};
    this.#options.onProgress({ ...this.countdown.now(), settings, repetition, run });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#report({ ...quietProgress, step: 'removing everything' });
    await this.#deployments[Symbol.asyncDispose]();
  }
}

const unharmed: readonly PointStatus[] = ['ok', 'expectation-missed', 'invalid'];

function outcomeOf({ result }: RunRecord): Pick<PointEntry, 'status' | 'reason'> {
  const { status, warnings, expectations, failure } = result.verdict;
  switch (status) {
    case 'ok':
      return { status, reason: null };
    case 'expectation-missed': {
      const missed = expectations.filter(({ met }) => !met).map(({ expression }) => expression);
      return { status, reason: `missed: ${missed.join('; ')}` };
    }
    case 'invalid': {
      const causes = warnings.filter(({ invalidates }) => invalidates);
      return { status, reason: causes.map(({ message }) => message).join('; ') };
    }
    default:
      return { status, reason: failure === null ? status : `${failure.code}: ${failure.message}` };
  }
}
