import { setTimeout as sleepFor } from 'node:timers/promises';
import { nowUs } from '../agents/clock.ts';
import { conclude } from '../reports/conclude.ts';
import type { RunRecord } from '../reports/record.ts';
import type { ResolvedScenario } from '../topologies/scenario.ts';
import { AgentGroup } from './agents/agent-group.ts';
import { settlePace } from './capacity.ts';
import { type Deployment, deploy } from './deployment.ts';
import { describeFailure } from './errors.ts';
import { assembleEvidence } from './evidence.ts';
import type { RunContext } from './fabrics/fabric.ts';
import { PlannedOutages } from './faults/outages.ts';
import { idleLooks, idleNotes, measureIdle } from './idle-links.ts';
import { Observer, type RunProgress } from './observer.ts';
import { makePlan, type Plan } from './plan/plan.ts';
import { getReady } from './readiness.ts';
import { measureWindow } from './window.ts';

export interface RunOptions {
  readonly context: RunContext;
  /** For the result's record of how it came about. */
  readonly commandLine: readonly string[];
  readonly onProgress: (progress: RunProgress) => void;
  /** Stops measuring, keeps what was measured, tears down; the record says `interrupted`. */
  readonly stop: AbortSignal;
  /** How long agents may take to hand over what they recorded, ms; one that hangs is then missing. Default 60 s. */
  readonly collectMs?: number;
}

/**
 * The experiment: deploy, measure, reconcile, tear down. Rejects with a BenchError when nothing could be
 * measured; once measuring has begun, it resolves with a record whose verdict says what went wrong.
 */
export async function run(scenario: ResolvedScenario, options: RunOptions): Promise<RunRecord> {
  try {
    return await experiment(scenario, options);
  } catch (error) {
    // What breaks while a run is being stopped, such as the channel to an agent, is not why it ended.
    throw options.stop.aborted ? options.stop.reason : error;
  }
}

async function experiment(scenario: ResolvedScenario, options: RunOptions): Promise<RunRecord> {
  const plan = makePlan(scenario);
  const observer = new Observer(scenario, options.onProgress);
  const { context, stop } = options;
  const deployment = await deploy(scenario, { context, onStep: observer.step, stop });
  let record: RunRecord;
  try {
    record = await bench(plan, deployment, observer, options);
  } catch (error) {
    // What the bench says matters more than what its teardown might add.
    await Promise.resolve(deployment[Symbol.asyncDispose]()).catch(() => {});
    throw error;
  }
  observer.step('removing everything');
  try {
    await deployment[Symbol.asyncDispose]();
  } catch (error) {
    return failedToRemove(record, error);
  }
  return record;
}

/** The numbers stand, but something may be left behind: the run has failed. */
function failedToRemove(record: RunRecord, error: unknown): RunRecord {
  const { verdict } = record.result;
  if (verdict.status === 'interrupted' || verdict.status === 'failed') return record;
  const failure = describeFailure(error);
  const result = { ...record.result, verdict: { ...verdict, status: 'failed' as const, failure } };
  return { ...record, result };
}

/** One measurement on what stands: agents, ready barrier, warm-up, measuring with faults, drain, collection. */
export async function bench(
  planned: Plan,
  deployment: Deployment,
  observer: Observer,
  options: RunOptions,
): Promise<RunRecord> {
  const { fabric, bus } = deployment;
  const { context, stop, collectMs = 60_000 } = options;
  const startedAt = new Date();
  const startedUs = nowUs();
  const { plan, capacityPerSecond } = await settlePace(
    planned,
    deployment,
    context,
    observer,
    stop,
  );
  const looks = fabric.measures === false ? [] : idleLooks(plan);
  if (looks.length > 0) observer.step('measuring the idle links');
  const idleBefore = await measureIdle(fabric, looks, stop);
  observer.step('agents');
  await using agents = await AgentGroup.start(plan, fabric.hosts, context.logs, stop);
  observer.watch(agents, deployment);
  const way = { observer, runId: context.runId, signal: stop };
  const watched = { ...deployment, outages: new PlannedOutages(context.logs) };
  const readiness = await getReady(plan, agents, watched, way);

  const window = await measureWindow(plan, agents, watched, observer, stop);

  observer.step('collecting');
  agents.clocks.stop();
  const collected = await agents.collect(collectMs, AbortSignal.timeout(collectMs));
  const patience = AbortSignal.timeout(afterMs);
  const counters = await bus.counters(patience).catch(() => new Map());
  const undisturbed = window.failure === null && !window.interrupted;
  await agents[Symbol.asyncDispose]();
  await sleepFor(undisturbed ? settleMs : 0);
  const idleAfter = undisturbed ? await measureIdle(fabric, looks, patience) : [];
  const seen = {
    plan,
    deployment,
    agents,
    collected,
    counters,
    readiness,
    window,
    idleBefore,
    idleAfter,
    idleNotes: idleNotes(plan.scenario, looks),
    startedAt,
    startedUs,
    capacityPerSecond,
  };
  return conclude(await assembleEvidence(seen, observer, options.commandLine));
}

/** How long counters, clocks and links may take to be read again after the run. */
const afterMs = 60_000;
/** Lets closing connections go quiet before the idle links are measured again. */
const settleMs = 200;
