import { nowUs } from '../../agents/clock.ts';
import type { Observation } from '../../reports/warnings/observed.ts';
import type { FaultSpec } from '../../topologies/faults.ts';
import { msUntil } from '../agents/agent-group.ts';
import { sleep } from '../processes/waiting.ts';
import type { FaultScene, Injection } from './injection.ts';
import { injectionsOf } from './targets.ts';

export type { FaultScene } from './injection.ts';

/** A fault as it really happened; ms since the start of measuring. */
export interface FaultLog {
  /** Which of the scenario's faults it was part of, from 0. */
  readonly entry: number;
  readonly action: string;
  readonly target: string;
  readonly startedAtMs: number;
  /** Mended, respawned, reconnected; null when that did not happen before the end of the window. */
  readonly endedAtMs: number | null;
}

/** What came of the scenario's faults. */
export interface FaultsSeen {
  readonly logs: readonly FaultLog[];
  readonly warnings: readonly Observation[];
}

/** What faults leave behind as they go. */
interface Chronicle {
  readonly logs: FaultLog[];
  /** What the end of the window kept from happening in full. */
  readonly unfinished: string[];
  /** What the bus has nothing for. */
  readonly leftOut: string[];
}

/**
 * Injects every fault at its time. When `over` is aborted, nothing new begins and what is broken is mended at once.
 * Resolves once all is mended; rejects when something could not be broken or mended.
 */
export async function injectFaults(scene: FaultScene, over: AbortSignal): Promise<FaultsSeen> {
  const chronicle: Chronicle = { logs: [], unfinished: [], leftOut: [] };
  const { faults } = scene.plan.scenario;
  const failed = new AbortController();
  const stop = AbortSignal.any([over, failed.signal]);
  const all: Promise<void>[] = [];
  for (const [entry, fault] of faults.entries()) {
    const before = fault.start.kind === 'after' ? all.at(-1) : undefined;
    const done = injectFault(entry, fault, before, scene, chronicle, stop);
    done.catch(() => failed.abort(new Error('another fault failed')));
    all.push(done);
  }
  // Also when one fails the others are mended before anything else happens.
  await Promise.allSettled(all);
  await Promise.all(all);
  const logs = chronicle.logs.sort((a, b) => a.startedAtMs - b.startedAtMs);
  return { logs, warnings: warningsOf(chronicle) };
}

async function injectFault(
  entry: number,
  fault: FaultSpec,
  before: Promise<void> | undefined,
  scene: FaultScene,
  chronicle: Chronicle,
  over: AbortSignal,
): Promise<void> {
  await before;
  const { start, target } = fault;
  const dueUs = (start.kind === 'at' ? scene.measureUs : nowUs()) + start.ms * 1e3;
  const injections = injectionsOf(fault, scene);
  if (injections.length === 0) chronicle.leftOut.push(nameOf(fault, entry));
  const waitMs = target.kind === 'each' ? target.waitMs : 0;
  for (const [i, injection] of injections.entries()) {
    const isTime = await sleptThrough(i === 0 ? msUntil(dueUs) : waitMs, over);
    if (!isTime) {
      const left = injections.length - i;
      const what = injections.length === 1 ? injection.target : `${left} of ${injections.length}`;
      chronicle.unfinished.push(`${nameOf(fault, entry)} (${what} not begun)`);
      return;
    }
    await inject(entry, fault, injection, scene, chronicle, over);
  }
}

async function inject(
  entry: number,
  fault: FaultSpec,
  injection: Injection,
  scene: FaultScene,
  { logs, unfinished }: Chronicle,
  over: AbortSignal,
): Promise<void> {
  const { action, forMs } = fault;
  const { target } = injection;
  const startedAtMs = msSince(scene.measureUs);
  await injection.begin();
  if (injection.end === null) {
    logs.push({ entry, action, target, startedAtMs, endedAtMs: null });
    return;
  }
  const isTime = await sleptThrough(forMs ?? 0, over);
  const isMended = await injection.end(over);
  if (!isTime || !isMended) unfinished.push(`${nameOf(fault, entry)} (${target} cut short)`);
  logs.push({
    entry,
    action,
    target,
    startedAtMs,
    endedAtMs: isMended ? msSince(scene.measureUs) : null,
  });
}

/** False when `over` came first. */
async function sleptThrough(ms: number, over: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, over);
    return true;
  } catch (error) {
    if (!over.aborted) throw error;
    return false;
  }
}

function warningsOf({ unfinished, leftOut }: Chronicle): Observation[] {
  const noticed = (
    code: Observation['code'],
    all: readonly string[],
    what: string,
  ): readonly Observation[] => {
    if (all.length === 0) return [];
    const message = `${what}: ${all.join(', ')}`;
    return [{ code, message, value: all.length, limit: 0, invalidates: false }];
  };
  return [
    ...noticed('FAULTS_UNFINISHED', unfinished, 'the window ended before the faults did'),
    ...noticed('FAULTS_LEFT_OUT', leftOut, 'left out, for this bus has nothing of the kind'),
  ];
}

function nameOf({ action, target }: FaultSpec, entry: number): string {
  const what = target.kind === 'each' ? ` each ${target.of}` : '';
  return `fault ${entry + 1}, ${action}${what}`;
}

function msSince(momentUs: number): number {
  return (nowUs() - momentUs) / 1e3;
}
