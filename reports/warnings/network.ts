import { patterns } from '../../topologies/patterns.ts';
import type { Evidence } from '../evidence.ts';
import { legErrorMax, oneWayTimes, worstShare } from '../reconcile/clocks.ts';
import { partsOf, siteName } from '../reconcile/parts.ts';
import { requestedRttMs, rttToleranceMs } from '../reconcile/wan.ts';
import type { LinkReport } from '../result.ts';
import { unlessZero, usAsMs, type WarningRule } from './rule.ts';
import { inBrackets, whichOf } from './which.ts';

const negativeSamples: WarningRule = {
  code: 'NEGATIVE_SAMPLES',
  means: 'legs came out negative: clocks are further apart than measured',
  advice:
    'They rank below all others. Let the clocks settle, or read the response times of calls, which use one clock.',
  check({ evidence, result: { latencyUs } }) {
    const value = latencyUs.negativeSamples;
    const where = inBrackets(
      whichOf(
        partsOf(evidence, 'histogram').map(({ clientSite, serverSite, kind, negative }) => {
          const sites = [clientSite, serverSite].flatMap((site) =>
            site === null ? [] : [siteName(evidence, site)],
          );
          return [`${kind} ${sites.join('>')}`, negative];
        }),
      ),
    );
    return unlessZero(
      value,
      `${value} samples were below zero${where}: clocks of two machines disagreed by more than the message took`,
    );
  },
};

const clockUncertain: WarningRule = {
  code: 'CLOCK_UNCERTAIN',
  means: 'the clocks of two hosts are known too badly for the legs',
  advice:
    'Clocks of two machines were compared over a slow or busy control connection; measure with calls.',
  check({ evidence, result: { latencyUs, scenario } }) {
    const times = oneWayTimes(evidence, 'requestLeg');
    const share = worstShare(times);
    if (patterns[scenario.workload.pattern].replies || share <= legErrorMax) return [];
    const limit = legErrorMax * 100;
    const message = `one-way times between two clocks may be wrong by ${usAsMs(latencyUs.clockUncertaintyUs)}, ${pairOfWorst(evidence, times)}more than ${limit} % of their median`;
    return [{ message, value: Math.min(100, share * 100), limit }];
  },
};

/**
 * Only a network that is plainly not the one asked for (a quarter and 5 ms off) makes the run worthless. One warning for
 * all pairs, with the worst of them: both round trips of a pair cross the same two directions.
 */
const wanOutOfTolerance: WarningRule = {
  code: 'WAN_OUT_OF_TOLERANCE',
  means: 'a measured link is not the requested one; of several the worst, with their number',
  advice: 'Keep the machine idle; `busbench check` names the next better fabric.',
  check({ result: { wan } }) {
    const wrong = wan.links
      .filter(({ withinTolerance }) => withinTolerance === false)
      .map((link) => {
        const requestedMs = requestedRttMs(link, wan.links);
        return { link, requestedMs, offMs: Math.abs(link.measured.rttP50Ms - requestedMs) };
      })
      .sort((a, b) => b.offMs - a.offMs);
    const [worst] = wrong;
    if (worst === undefined) return [];
    const pairs = new Set(wrong.map(({ link }) => pairOf(link))).size;
    const others = pairs === 1 ? '' : `${pairs} pairs of sites, the worst `;
    return [
      {
        message: `${others}${wanMessage(worst.link, worst.requestedMs)}`,
        value: worst.offMs,
        limit: rttToleranceMs(worst.requestedMs),
        invalidates: wrong.some(
          ({ requestedMs, offMs }) => offMs > Math.max(0.25 * requestedMs, 5),
        ),
      },
    ];
  },
};

/** What lay between the agents was not what the scenario asked for, or cannot be told. */
export const networkRules: readonly WarningRule[] = [
  negativeSamples,
  clockUncertain,
  wanOutOfTolerance,
];

/** `paris > lyon: `, the sites whose legs the clocks tell the worst. */
function pairOfWorst(evidence: Evidence, times: ReturnType<typeof oneWayTimes>): string {
  const worst = times.find((time) => worstShare([time]) === worstShare(times))?.part;
  if (worst === undefined || worst.clientSite === null || worst.serverSite === null) return '';
  return `from ${siteName(evidence, worst.clientSite)} to ${siteName(evidence, worst.serverSite)} by `;
}

function wanMessage({ from, to, requested, measured }: LinkReport, requestedMs: number): string {
  const loss =
    measured.lossPercent === null
      ? ''
      : `; loss of ${measured.lossPercent.toFixed(2)} % measured, ${requested.lossPercent} % requested`;
  return `${from} -> ${to}: round trip of ${measured.rttP50Ms.toFixed(2)} ms measured, ${requestedMs.toFixed(2)} ms requested${loss}`;
}

function pairOf({ from, to }: LinkReport): string {
  return [from, to].sort().join(' ');
}
