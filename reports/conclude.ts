import type { PeerRow } from '../agents/protocol.ts';
import type { Evidence } from './evidence.ts';
import { type Account, openAccounts } from './reconcile/accounts.ts';
import { distOf, encodeHistogram, largestUs } from './reconcile/dist.ts';
import { intervalHistograms, intervalRows, openIntervals } from './reconcile/intervals.ts';
import { type Latencies, type LatencyKind, latencyOf, openLatencies } from './reconcile/latency.ts';
import { localityOf } from './reconcile/locality.ts';
import { coverageOf, failuresOf, outcomeOf } from './reconcile/outcome.ts';
import { groupBy, partsOf, siteName, sum } from './reconcile/parts.ts';
import { faultsOf } from './reconcile/recovery.ts';
import { wanOf } from './reconcile/wan.ts';
import { workloadOf } from './reconcile/workload.ts';
import type { PeerRecord, RunRecord, TaggedHistogram } from './record.ts';
import type { RunResult } from './result.ts';
import { judge } from './verdict/verdict.ts';
import type { Unjudged } from './warnings/rule.ts';

/**
 * Computes a result from all that a run collected. Pure; the order of the parts does not matter, and partial
 * evidence (an agent died, the run was interrupted) gives a result that says what is unknown.
 */
export function conclude(evidence: Evidence): RunRecord {
  const accounts = openAccounts(evidence);
  const latencies = openLatencies(evidence, accounts);
  const intervals = openIntervals(evidence, accounts);
  const rows = joinLives(partsOf(evidence, 'peers').flatMap((part) => part.rows));
  const told = partsOf(evidence, 'collected').map(({ reasons }) => reasons);
  const outcome = outcomeOf(accounts, told);
  const faults = faultsOf(evidence, intervals, accounts, outcome.failed);
  const { scenario } = evidence;
  const unjudged: Unjudged = {
    schema: 'busbench/result/1',
    name: scenario.name,
    startedAt: evidence.startedAt.toISOString(),
    durationMs: evidence.durationMs,
    scenario,
    workload: workloadOf(evidence, accounts),
    outcome,
    latencyUs: latencyOf(evidence, accounts, latencies),
    fanout: coverageOf(accounts),
    locality: localityOf(evidence, accounts, rows, latencies),
    wan: wanOf(evidence),
    bus: evidence.bus,
    resources: { processes: [...evidence.resources] },
    toolkit: toolkitOf(evidence, latencies),
    faults: faults.each,
    faultGroups: faults.groups,
    environment: evidence.environment,
  };
  const { schema, name, startedAt, durationMs, ...rest } = unjudged;
  const verdict = judge(evidence, accounts, unjudged);
  return {
    result: { schema, name, startedAt, durationMs, verdict, ...rest },
    intervals: intervalRows(evidence, intervals),
    peers: peerRecords(evidence, accounts, rows),
    histograms: [
      ...intervalHistograms(evidence, intervals),
      ...windowHistograms(evidence, latencies),
    ],
  };
}

/** CPU of all agents by the operations begun (a call costs at both ends, and both are in the sum). */
function toolkitOf(evidence: Evidence, latencies: Latencies): RunResult['toolkit'] {
  const collected = partsOf(evidence, 'collected');
  const operations = sum(collected, (part) => part.operations);
  const cpuUs = sum(collected, ({ vitals }) => vitals?.cpuUs ?? 0);
  return {
    agentCpuUsPerOperation: operations === 0 ? 0 : cpuUs / operations,
    eventLoopDelayUs: distOf(latencies.of('eventLoopDelay')),
  };
}

/** A server that was restarted has a row for each life: its counts add up, its quantiles cannot. */
function joinLives(rows: readonly PeerRow[]): readonly PeerRow[] {
  const lives = groupBy(rows, ({ role, index }) => `${role} ${index}`);
  return [...lives.values()].flatMap((all): readonly PeerRow[] => {
    const [first] = all;
    if (first === undefined || all.length === 1) return all;
    const counts = {
      due: sum(all, (life) => life.due),
      completed: sum(all, (life) => life.completed),
      local: sum(all, (life) => life.local),
      failed: sum(all, (life) => life.failed),
    };
    return [{ ...first, ...counts, responseP50Us: null, responseP99Us: null }];
  });
}

/** Rows of `peers.csv`, by role and index. What became of a client's operations is for the accounts to say. */
function peerRecords(
  evidence: Evidence,
  accounts: readonly Account[],
  rows: readonly PeerRow[],
): PeerRecord[] {
  const byClient = new Map(accounts.map((account) => [account.peer.index, account]));
  return [...rows]
    .sort((a, b) => (a.role === b.role ? a.index - b.index : a.role === 'client' ? -1 : 1))
    .map((row) => {
      const { peer, role, topic, responseP50Us, responseP99Us } = row;
      const site = siteName(evidence, row.site);
      const base = { peer, role, site, topic };
      const times = { responseP50Us, responseP99Us };
      if (role === 'server') {
        const own = { due: null, completed: null, failed: null };
        return { ...base, ...own, ...times, delivered: row.due };
      }
      const account = byClient.get(row.index);
      const { due, completed, failed } =
        account === undefined ? row : { ...account, failed: failuresOf(account).all };
      return { ...base, due, completed, failed, ...times, delivered: null };
    });
}

const windowKinds: readonly LatencyKind[] = [
  'agentDelay',
  'busDelay',
  'accepted',
  'requestLeg',
  'hold',
  'replyLeg',
  'transit',
  'fanoutFirst',
  'fanoutLast',
  'reconnect',
];

/** The lines of `histograms.hlog` that span the whole window: tags `<kind>.<site>`, the site being the clients'. */
function windowHistograms(evidence: Evidence, latencies: Latencies): TaggedHistogram[] {
  return windowKinds.flatMap((kind) =>
    evidence.scenario.sites.flatMap(({ name }, clientSite) => {
      const { histogram } = latencies.of(kind, { clientSite });
      if (histogram.totalCount === 0) return [];
      return [
        {
          tag: `${kind}.${name}`,
          startSeconds: 0,
          lengthSeconds: evidence.measuredMs / 1e3,
          maxUs: largestUs(histogram),
          hdr: encodeHistogram(histogram),
        },
      ];
    }),
  );
}
