import { nowUs } from '../agents/clock.ts';
import type { ProcessReport } from '../reports/result.ts';
import type { Observation } from '../reports/warnings/observed.ts';
import type { PhasesSpec } from '../topologies/scenario.ts';
import { type AgentGroup, msUntil } from './agents/agent-group.ts';
import type { Deployment } from './deployment.ts';
import { readSteal } from './environment.ts';
import { describeFailure, FabricError } from './errors.ts';
import type { Fabric, Traffic } from './fabrics/fabric.ts';
import { type FaultLog, type FaultsSeen, injectFaults } from './faults/faults.ts';
import type { PlannedOutages } from './faults/outages.ts';
import type { Observer } from './observer.ts';
import type { Plan } from './plan/plan.ts';
import { sleep } from './processes/waiting.ts';

/** What was seen from the simultaneous start to the end of the drain. */
export interface Window {
  /** Length of the measuring window, ms; for counted runs the agents say when the last operation ended. */
  readonly measuredMs: number;
  /** When it began, or would have begun, µs of the monotonic clock. */
  readonly measureUs: number;
  readonly failure: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
  } | null;
  readonly interrupted: boolean;
  readonly faults: readonly FaultLog[];
  readonly resources: readonly ProcessReport[];
  readonly traffic: readonly Traffic[];
  readonly warnings: readonly Observation[];
}

/** Between the order to start and the first due time: covers the control channel's own latency. */
const leadMs = 400;
/** Grace after the last answer, in which duplicates may still come. */
const stragglersMs = 200;
const drainPollMs = 50;

/** Runs warm-up, measuring (with faults) and drain. Never rejects: what went wrong is in the window. */
export async function measureWindow(
  plan: Plan,
  agents: AgentGroup,
  deployment: Deployment & { readonly outages: PlannedOutages },
  observer: Observer,
  stop: AbortSignal,
): Promise<Window> {
  const { fabric, bus, outages } = deployment;
  const { warmupMs, measure } = plan.scenario.phases;
  const startUs = nowUs() + leadMs * 1e3;
  const measureUs = startUs + warmupMs * 1e3;
  const endUs = measure.kind === 'duration' ? measureUs + measure.ms * 1e3 : null;
  await fabric.troubles();
  agents.startAll(startUs, measureUs, endUs);
  observer.beginTimed(startUs);

  const ended = new AbortController();
  const windowOver = new AbortController();
  const scene = { plan, agents, bus, fabric, outages, measureUs };
  let before: readonly Traffic[] = [];
  let stealBefore = readSteal();
  let faults: Promise<FaultsSeen> = Promise.resolve(noFaults);
  let lengthMs = 0;
  let resources: Promise<readonly ProcessReport[]> | null = null;
  const phases = async (): Promise<void> => {
    observer.step(warmupMs > 0 ? 'warming up' : 'starting');
    await sleep(msUntil(measureUs), ended.signal);
    observer.step('measuring');
    agents.clocks.beginWindow();
    [before] = await Promise.all([fabric.traffic(), observer.startSampling()]);
    stealBefore = readSteal();
    faults = injectFaults(scene, AbortSignal.any([windowOver.signal, ended.signal]));
    faults.catch(() => {});
    const over = endUs === null ? observer.exhausted() : sleep(msUntil(endUs), ended.signal);
    const early = afterFaults(measure, faults, ended.signal);
    const ranOut = over.then(() => true);
    const isFull = await Promise.race([ranOut, early, rejected(faults)]);
    if (!isFull) agents.broadcast({ type: 'halt' });
    lengthMs = isFull && measure.kind === 'duration' ? measure.ms : (nowUs() - measureUs) / 1e3;
    windowOver.abort();
    observer.step('draining');
    resources = observer.stopSampling();
    resources.catch(() => {});
    await Promise.all([drain(plan, observer, ended.signal), faults]);
  };

  let failure: Window['failure'] = null;
  try {
    const parts = partsFailure(deployment, scene.outages);
    const troubles = [agents.firstFailure(), parts, whenAborted(stop)];
    await Promise.race([phases(), ...troubles]);
  } catch (error) {
    const plannedMs = measure.kind === 'duration' ? measure.ms : Number.POSITIVE_INFINITY;
    lengthMs ||= Math.min(plannedMs, Math.max(0, (nowUs() - measureUs) / 1e3));
    if (!stop.aborted) failure = describeFailure(error);
  }
  ended.abort(new Error('the window is over'));
  agents.broadcast({ type: 'halt' });
  const { logs, warnings } = await faults.catch(() => noFaults);
  return {
    measuredMs: lengthMs,
    measureUs,
    failure,
    interrupted: stop.aborted,
    faults: logs,
    resources: await (resources ?? observer.stopSampling()),
    traffic: trafficSince(before, await fabric.traffic().catch(() => before)),
    warnings: [
      ...(stop.aborted ? [] : warnings),
      ...(await fabricTroubles(fabric)),
      ...stealWarning(stealBefore),
    ],
  };
}

/** Resolves with false when the scenario wants the window to end early; never where it does not. */
async function afterFaults(
  measure: PhasesSpec['measure'],
  faults: Promise<unknown>,
  signal: AbortSignal,
): Promise<false> {
  const waitMs = measure.kind === 'duration' ? measure.afterFaultsMs : undefined;
  if (waitMs === undefined) return new Promise<never>(() => {});
  await faults;
  await sleep(waitMs, signal);
  return false;
}

/** Waits for stragglers: the whole drain, or less once every call has been answered or has failed. */
async function drain(plan: Plan, observer: Observer, signal: AbortSignal): Promise<void> {
  const untilUs = nowUs() + plan.scenario.phases.drainMs * 1e3;
  while (nowUs() < untilUs) {
    if (observer.settled()) {
      await sleep(Math.min(stragglersMs, msUntil(untilUs)), signal);
      if (observer.settled()) return;
    }
    await sleep(Math.min(drainPollMs, msUntil(untilUs)), signal);
  }
}

const noFaults: FaultsSeen = { logs: [], warnings: [] };

/** Rejects when a process of the fabric ends during the window, or a bus node that no fault keeps away. */
async function partsFailure({ fabric, bus }: Deployment, outages: PlannedOutages): Promise<never> {
  const watched = fabric.processes.map(async ({ name, process }): Promise<never> => {
    const status = await process.exited;
    throw fabricDied(name, status.signal ?? `code ${status.code}`);
  });
  const nodes = bus.nodes.map((node) => outages.watch(node));
  return Promise.race([...watched, ...nodes, new Promise<never>(() => {})]);
}

function fabricDied(name: string, how: string): FabricError {
  return new FabricError(
    'FABRIC_DIED',
    `the ${name} process of the fabric ended (${how}) in mid-run`,
    'Nothing crosses the emulated WAN without it; look at its log in the result.',
  );
}

async function rejected(promise: Promise<unknown>): Promise<never> {
  await promise;
  return new Promise<never>(() => {});
}

async function whenAborted(signal: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  throw signal.reason;
}

function trafficSince(before: readonly Traffic[], after: readonly Traffic[]): Traffic[] {
  const key = ({ from, to }: Traffic): string => `${from} ${to}`;
  const base = new Map(before.map((t) => [key(t), t]));
  return after.map((t) => {
    const { bytes = 0, packets = 0 } = base.get(key(t)) ?? {};
    const since = t.packets === null ? null : t.packets - (packets ?? 0);
    return { ...t, bytes: t.bytes - bytes, packets: since };
  });
}

async function fabricTroubles(fabric: Fabric): Promise<readonly Observation[]> {
  return fabric.troubles().catch(() => []);
}

/** Above this share of stolen CPU time, latencies say more about the neighbours than about the bus. */
const stealLimitPercent = 5;

function stealWarning(before: ReturnType<typeof readSteal>): readonly Observation[] {
  const after = readSteal();
  if (!before || !after || after.totalTicks <= before.totalTicks) return [];
  const stolen = after.stealTicks - before.stealTicks;
  const percent = (stolen / (after.totalTicks - before.totalTicks)) * 100;
  if (percent <= stealLimitPercent) return [];
  return [
    {
      code: 'CPU_STEAL',
      message: `the hypervisor gave ${percent.toFixed(1)} % of this machine's CPU time to others`,
      value: percent,
      limit: stealLimitPercent,
      invalidates: false,
    },
  ];
}
