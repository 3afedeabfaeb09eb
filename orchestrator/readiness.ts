import { heldMessages } from '../reports/warnings/bus.ts';
import type { Observation } from '../reports/warnings/observed.ts';
import type { AgentGroup } from './agents/agent-group.ts';
import { assign } from './agents/assignment.ts';
import type { ProbeAccount } from './agents/probe-book.ts';
import type { Bus } from './buses/bus.ts';
import type { Deployment } from './deployment.ts';
import type { PlannedOutages } from './faults/outages.ts';
import type { Observer } from './observer.ts';
import type { Plan } from './plan/plan.ts';
import { sleep } from './processes/waiting.ts';

/** What getting ready took, and what it left behind. */
export interface Readiness {
  /** For `bus.details` of the result. */
  readonly details: Readonly<Record<string, number>>;
  readonly warnings: readonly Observation[];
}

/** Fewer peers than this leave nothing behind that would still be settling. */
const manyPeers = 500;
/** All processes but ours use less than this share of a core: set-up is over. */
const quietCores = 0.3;
const quietLookMs = 500;
/** The wait for quiet ends here, and later by so much for each peer. */
const quietLimitMs = 10_000;
const quietLimitMsAPeer = 2;
/** Of the answers that probes should have had: with more of them missing, they may stand in front of the first operations. */
const leftOverLimit = 0.05;

/** Gives the agents their peers, opens and proves them, and waits until the bus has nothing more to do with it. */
export async function getReady(
  plan: Plan,
  agents: AgentGroup,
  { bus, outages }: Deployment & { readonly outages: PlannedOutages },
  { observer, runId, signal }: { observer: Observer; runId: string; signal: AbortSignal },
): Promise<Readiness> {
  const assignmentOf = assign(plan, bus, runId);
  const making = agents.makeReady(assignmentOf, { bus, plan, onStep: observer.step }, signal);
  const made = await outages.whileAlive(bus.nodes, making);
  const from = performance.now();
  const leftOver = await stillHeld(bus, made.probes, signal);
  if (plan.clients.length + plan.servers.length >= manyPeers) {
    observer.step('waiting for the bus to fall quiet');
    await fallQuiet(plan, observer, signal);
  }
  const { sent, answered, returned } = made.probes;
  return {
    details: {
      connectMs: made.connectMs,
      barrierMs: made.barrierMs,
      quietMs: performance.now() - from,
      probesSent: sent,
      probesAnswered: answered,
      probesReturned: returned,
      probesLeftOver: leftOver,
    },
    warnings: leftOverWarning(made.probes, leftOver),
  };
}

/** Probes that the bus may still deliver: none when its own counters say that it holds nothing. */
async function stillHeld(bus: Bus, probes: ProbeAccount, signal: AbortSignal): Promise<number> {
  if (probes.leftOver === 0) return 0;
  const counters = await bus.counters(signal).catch(() => new Map());
  const held = heldMessages([...counters.values()]);
  return held === null ? probes.leftOver : Math.min(held, probes.leftOver);
}

async function fallQuiet(plan: Plan, observer: Observer, signal: AbortSignal): Promise<void> {
  const peers = plan.clients.length + plan.servers.length;
  const limitMs = performance.now() + quietLimitMs + quietLimitMsAPeer * peers;
  let before = await observer.cpuSeconds();
  let beforeMs = performance.now();
  while (performance.now() < limitMs) {
    await sleep(quietLookMs, signal);
    const now = await observer.cpuSeconds();
    const cores = (now - before) / ((performance.now() - beforeMs) / 1e3);
    if (cores < quietCores) return;
    before = now;
    beforeMs = performance.now();
  }
}

function leftOverWarning({ answered }: ProbeAccount, leftOver: number): readonly Observation[] {
  if (leftOver === 0) return [];
  const share = leftOver / (answered + leftOver);
  return [
    {
      code: 'PROBES_LEFT_OVER',
      message: `${leftOver} of ${answered + leftOver} answers to the probes of the ready barrier had not come when the load began`,
      value: leftOver,
      limit: 0,
      invalidates: share > leftOverLimit,
    },
  ];
}
