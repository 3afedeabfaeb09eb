import {
  formatBytes,
  formatCount,
  formatDurationMs,
  formatPercent,
  formatPlural,
  formatRate,
} from '../format.ts';
import type { RunResult, Verdict } from '../result.ts';
import type { Tone } from './section.ts';

/** The first lines of a report: the verdict and what it is about. */
export interface Headline {
  readonly label: string;
  readonly tone: Tone;
  /** One sentence: what came of the run. */
  readonly outcome: string;
  /** What ended the run early and what is partial; empty for a whole run. */
  readonly interruption: readonly string[];
  /** What was run, in a few words each. */
  readonly subject: readonly string[];
}

const labels: Readonly<Record<Verdict['status'], { label: string; tone: Tone }>> = {
  ok: { label: 'OK', tone: 'good' },
  'expectation-missed': { label: 'EXPECTATION MISSED', tone: 'bad' },
  invalid: { label: 'INVALID', tone: 'bad' },
  failed: { label: 'FAILED', tone: 'bad' },
  interrupted: { label: 'INTERRUPTED', tone: 'warn' },
};

export function headline(result: RunResult): Headline {
  const { status } = result.verdict;
  const blemishes = status === 'ok' ? blemishesOf(result.outcome) : [];
  return {
    ...(blemishes.length === 0
      ? labels[status]
      : { label: `MEASURED, ${blemishes.join(', ')}`, tone: 'warn' as const }),
    outcome: outcomeOf(result),
    interruption: interruptionOf(result),
    subject: subjectOf(result),
  };
}

/** What keeps a run that met all expectations from being called OK: what failed, was lost or came twice. */
function blemishesOf(outcome: RunResult['outcome']): string[] {
  const { due, sent, delivered, failedTotal, lost, lostReplies, duplicated, unknown } = outcome;
  const share = (count: number, of: number, what: string): string[] =>
    count === 0
      ? []
      : [
          `${of === 0 ? formatCount(count) : formatPercent(count / of).replace(/\.0+ /, ' ')} ${what}`,
        ];
  return [
    ...share(failedTotal, due, 'failed'),
    ...share(lost, sent, 'lost'),
    ...share(lostReplies, sent, 'of replies lost'),
    ...share(duplicated, delivered, 'twice'),
    ...share(unknown, due, 'unknown'),
  ];
}

function outcomeOf({ outcome, workload, scenario, wan }: RunResult): string {
  if (scenario.bus.type === 'none') return linksOutcome(wan.links);
  const { due, completed, failedTotal } = outcome;
  if (due === 0) return 'nothing was due: no operation was measured';
  const failed =
    failedTotal === 0
      ? '0 failed'
      : `${formatCount(failedTotal)} failed (${formatPercent(failedTotal / due)})`;
  const achieved =
    workload.offeredPerSecond === null
      ? `${formatRate(workload.achievedPerSecond)} achieved`
      : `${formatRate(workload.achievedPerSecond)} of ${formatRate(workload.offeredPerSecond)} offered`;
  return `${formatCount(due)} due = ${formatCount(completed)} completed + ${failed}, ${achieved}`;
}

/** Without a bus the links are what the run was about. */
function linksOutcome(links: RunResult['wan']['links']): string {
  const within = links.filter(({ withinTolerance }) => withinTolerance === true).length;
  return `${within} of ${formatPlural(links.length, 'direction')} within max(5 %, 1 ms) of the round trip asked for`;
}

function interruptionOf({ verdict, scenario, workload }: RunResult): string[] {
  const { failure, status } = verdict;
  if (failure === null && status !== 'failed' && status !== 'interrupted') return [];
  const lines: string[] = [];
  if (failure !== null) {
    lines.push(`${failure.code}: ${failure.message}`);
    if (failure.hint !== '') lines.push(failure.hint);
  }
  const planned = scenario.phases.measure;
  const measured = formatDurationMs(workload.measuredMs);
  if (workload.measuredMs === 0) lines.push('Measuring never began: there are no latencies below.');
  else if (planned.kind === 'duration' && workload.measuredMs >= planned.ms) {
    lines.push(
      `The window of ${formatDurationMs(planned.ms)} was measured whole; it ended after that.`,
    );
  } else if (planned.kind === 'duration') {
    lines.push(
      `Everything below is partial: ${measured} of ${formatDurationMs(planned.ms)} were measured.`,
    );
  } else lines.push(`Everything below is partial: the run ended after ${measured} of measuring.`);
  return lines;
}

function subjectOf({ workload, scenario, bus, wan }: RunResult): string[] {
  const { pace, timeoutMs } = scenario.workload;
  if (scenario.bus.type === 'none') {
    return [
      `${formatPlural(scenario.sites.length, 'site')} on ${wan.fabric}`,
      'no bus, links only',
    ];
  }
  return [
    `${workload.pattern} over ${bus.type}, ${formatPlural(scenario.sites.length, 'site')} on ${wan.fabric}`,
    `${formatPlural(workload.clients, 'client')}, ${formatPlural(workload.servers, 'server')}, ${formatPlural(workload.topics, 'topic')}`,
    `${formatBytes(workload.bodyBytes)} bodies`,
    paceOf(pace),
    scenario.guarantee,
    `timeout ${formatDurationMs(timeoutMs)}`,
    `measured ${formatDurationMs(workload.measuredMs)}`,
  ];
}

function paceOf(pace: RunResult['scenario']['workload']['pace']): string {
  switch (pace.kind) {
    case 'open':
      return `open loop, ${pace.ramp.length > 0 ? 'ramped' : pace.arrivals} arrivals`;
    case 'pause':
      return `closed loop, pause ${formatDurationMs(pace.pauseMs)}`;
    case 'inFlight':
      return `closed loop, ${formatCount(pace.inFlight)} in flight a client`;
  }
}
