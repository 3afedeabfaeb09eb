import { mergeSamples, quantileUs } from '../reports/reconcile/dist.ts';
import { sum } from '../reports/reconcile/parts.ts';
import type { Pace, ResolvedScenario } from '../topologies/scenario.ts';
import { AgentGroup } from './agents/agent-group.ts';
import type { Deployment } from './deployment.ts';
import { BusError, UsageError } from './errors.ts';
import type { RunContext } from './fabrics/fabric.ts';
import { PlannedOutages } from './faults/outages.ts';
import { Observer } from './observer.ts';
import { budgetOf, maxLedgerBytes } from './plan/budget.ts';
import { makePlan, type Plan } from './plan/plan.ts';
import { getReady } from './readiness.ts';
import { measureWindow } from './window.ts';

/** A plan whose rate is known, and what the rate was made from; null where the scenario gave it. */
export interface PacedPlan {
  readonly plan: Plan;
  readonly capacityPerSecond: number | null;
}

/** Calls kept open by all clients together while the ceiling is found. */
const openCalls = 256;
const ceilingMs = 2_000;
/** The stairs: equal steps of a second each from `ceiling / steps` up to the ceiling. */
const steps = 8;
const stepMs = 1_000;
/** When not even the first step holds, the stairs are made `steps` times lower and climbed again, this often at most. */
const maxClimbs = 3;
/** A step holds while its median is at most this much above that of the first one, whichever is more. */
const slowFactor = 2;
const slowMs = 20;
const warmupMs = 500;
const collectMs = 20_000;

/**
 * Turns `pace: { load: 50% }` into a rate by two or more short benches on the standing bus, without faults. The first
 * is a closed loop: no bus answers more than when its clients wait for nothing but replies. The second offers that rate
 * in stairs, one a second; the capacity is the last step on which calls still were answered as they came. Bus and agents
 * share the machine as they do afterwards. Leaves the bus as it was.
 */
export async function settlePace(
  plan: Plan,
  deployment: Deployment,
  context: RunContext,
  observer: Observer,
  stop: AbortSignal,
): Promise<PacedPlan> {
  const { scenario } = plan;
  const { pace } = scenario.workload;
  if (pace.kind !== 'open' || pace.loadPercent === undefined) {
    return { plan, capacityPerSecond: null };
  }
  const { loadPercent, ...open } = pace;
  const trial = { scenario, deployment, context, observer, stop };
  const capacityPerSecond = await findCapacity(trial);
  const ratePerSecond = Number(((capacityPerSecond * loadPercent) / 100).toPrecision(3));
  const paced = withPace(scenario, { ...open, ratePerSecond });
  checkLedger(paced, capacityPerSecond);
  return { plan: makePlan(paced), capacityPerSecond };
}

async function findCapacity(trial: Trial): Promise<number> {
  const { clients } = trial.scenario;
  const inFlight = Math.max(1, Math.round(openCalls / clients.count));
  trial.observer.step('finding the capacity: how much at most');
  const closed = await tryOut(trial, { kind: 'inFlight', inFlight }, ceilingMs);
  let ceiling = sum(closed, (second) => second.done) / (ceilingMs / 1e3);
  for (let climb = 0; climb < maxClimbs && ceiling > 0; climb++) {
    trial.observer.step(`finding the capacity: up to ${Math.round(ceiling)}/s`);
    const seconds = await tryOut(trial, stairs(ceiling), steps * stepMs);
    const held = lastHeld(seconds);
    if (held > 0) return (ceiling * held) / steps;
    ceiling /= steps;
  }
  throw new BusError(
    'CAPACITY_UNKNOWN',
    'hardly a call was answered while the capacity of the bus was being found',
    'Give workload.pace.rate instead of load, and look at what fails.',
  );
}

function stairs(ceiling: number): Pace {
  const heights = Array.from({ length: steps }, (_, i) => (ceiling * (i + 1)) / steps);
  // Up in no time, then level.
  const ramp = heights.slice(1).flatMap((toPerSecond) => [
    { toPerSecond, overMs: 0.001 },
    { toPerSecond, overMs: stepMs - 0.001 },
  ]);
  const [ratePerSecond = 0] = heights;
  const level = { toPerSecond: ratePerSecond, overMs: stepMs - 0.001 };
  return { kind: 'open', ratePerSecond, arrivals: 'constant', ramp: [level, ...ramp] };
}

/** What was due in one second of a trial. */
export interface Second {
  readonly due: number;
  readonly done: number;
  readonly p50Us: number;
}

/** Number of the last step before two in a row that did not hold; 0 when not even the first did. One may be bad luck. */
export function lastHeld(seconds: readonly Second[]): number {
  const [first] = seconds;
  if (first === undefined) return 0;
  const limitUs = Math.max(slowFactor * first.p50Us, first.p50Us + slowMs * 1e3);
  const holds = seconds.map(({ due, done, p50Us }) => done === due && p50Us <= limitUs);
  const end = holds.findIndex((held, i) => !held && holds[i + 1] !== true);
  return holds.slice(0, end < 0 ? steps : end).lastIndexOf(true) + 1;
}

/** What every trial is made from. */
interface Trial {
  readonly scenario: ResolvedScenario;
  readonly deployment: Deployment;
  readonly context: RunContext;
  readonly observer: Observer;
  readonly stop: AbortSignal;
}

async function tryOut(
  { scenario, deployment, context, stop }: Trial,
  pace: Pace,
  windowMs: number,
): Promise<readonly Second[]> {
  const measure = { kind: 'duration', ms: windowMs } as const;
  const plan = makePlan({
    ...withPace(scenario, pace),
    phases: { warmupMs, measure, drainMs: scenario.workload.timeoutMs },
    faults: [],
    expect: [],
  });
  const observer = new Observer(plan.scenario, () => {});
  const { fabric, bus } = deployment;
  {
    await using agents = await AgentGroup.start(plan, fabric.hosts, context.logs, stop);
    observer.watch(agents, deployment);
    // A run id of its own: what a trial leaves under way is foreign to whatever follows.
    const runId = `${context.runId}.${pace.kind}`;
    const watched = { ...deployment, outages: new PlannedOutages(context.logs) };
    await getReady(plan, agents, watched, { observer, runId, signal: stop });
    const { failure } = await measureWindow(plan, agents, watched, observer, stop);
    stop.throwIfAborted();
    if (failure !== null) throw new BusError(failure.code, failure.message, failure.hint);
    await agents.collect(collectMs, stop);
  }
  await bus.reset(stop);
  return Array.from({ length: windowMs / 1e3 }, (_, second) => {
    const parts = observer.parts.flatMap(({ part }) => {
      return part.type === 'interval' && part.second === second ? [part] : [];
    });
    const samples = parts.flatMap(({ response }) => {
      return response === null ? [] : [{ hdr: response, negative: 0 }];
    });
    return {
      due: sum(parts, (part) => part.due),
      done: sum(parts, (part) => part.done),
      p50Us: quantileUs(mergeSamples(samples), 0, 5000, 0) ?? 0,
    };
  });
}

function withPace(scenario: ResolvedScenario, pace: Pace): ResolvedScenario {
  return { ...scenario, workload: { ...scenario.workload, pace } };
}

/** What the plan could not check before the rate was known. */
function checkLedger(scenario: ResolvedScenario, capacityPerSecond: number): void {
  const { ledgerBytes } = budgetOf(scenario);
  if (ledgerBytes === null || ledgerBytes <= maxLedgerBytes) return;
  throw new UsageError(
    'LEDGER_TOO_LARGE',
    `the bus can carry ${Math.round(capacityPerSecond)}/s, and the ledger of this share of it would need ${Math.ceil(ledgerBytes / 2 ** 20)} MiB; expected at most ${maxLedgerBytes / 2 ** 20} MiB`,
    'Shorten phases.measure, or lower workload.pace.load.',
  );
}
