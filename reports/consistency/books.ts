import { hasManyReceivers, patterns } from '../../topologies/patterns.ts';
import type { PeerRecord, RunRecord } from '../record.ts';
import type { RunResult } from '../result.ts';
import { distributionsOf } from './distributions.ts';
import { type Contradiction, isWhole, same, total, warned, within } from './law.ts';

/** What holds of the ledger by itself: nothing due is forgotten, and no message comes from nowhere. */
export function* ledgerLaw({ result }: RunRecord): Generator<Contradiction> {
  const { outcome } = result;
  const { due, sent, completed, failedTotal, failed, delivered, late, lost } = outcome;
  const gap = warned(result, 'LEDGER_UNBALANCED');
  yield* same(
    'outcome.due',
    due,
    completed + failedTotal + gap,
    `completed ${completed} + failedTotal ${failedTotal}${gap === 0 ? '' : ` + LEDGER_UNBALANCED ${gap}`}`,
  );
  yield* same('outcome.failedTotal', failedTotal, total(Object.values(failed)), 'sum of failed');
  yield* same('outcome.sent', sent, due - (failed['unsent'] ?? 0), 'due - failed.unsent');
  yield* same(
    'outcome.unroutable',
    outcome.unroutable,
    failed['unroutable'] ?? 0,
    'failed.unroutable',
  );
  for (const [name, count] of countsOf(outcome)) {
    if (Number.isInteger(count) && count >= 0) continue;
    yield { where: `outcome.${name}`, expected: 'a whole number', got: String(count) };
  }
  if (!isWhole(result)) return;
  yield* same(
    'outcome.expectedDeliveries',
    outcome.expectedDeliveries,
    delivered + lost,
    `delivered ${delivered} + lost ${lost}`,
  );
  // Older results have no reasons.
  for (const [name, own] of Object.entries(outcome.reasons ?? {})) {
    const told = total(Object.values(own));
    yield* same(`outcome.reasons.${name}`, told, failed[name] ?? 0, `its sum is failed.${name}`);
  }
  if (patterns[result.scenario.workload.pattern].replies) {
    yield* same(
      'outcome.lostReplies',
      outcome.lostReplies,
      delivered - completed - late,
      `delivered ${delivered} - completed ${completed} - late ${late}`,
    );
  } else {
    yield* same('outcome.late', late, failed['timeout'] ?? 0, 'failed.timeout');
    yield* same('outcome.lostReplies', outcome.lostReplies, 0, 'nobody replies');
  }
}

/** Every count of the ledger, by its path. */
function countsOf({ failed, reasons: _, ...counts }: RunResult['outcome']): [string, number][] {
  const classes = Object.entries(failed).map(([name, count]) => [`failed.${name}`, count] as const);
  return [...Object.entries(counts), ...classes].flatMap(([name, count]) =>
    typeof count === 'number' ? [[name, count] as [string, number]] : [],
  );
}

/** Peers by themselves, and all of them against the ledger; a lone `result.json` has none. */
export function* peerLaw({ result, peers }: RunRecord): Generator<Contradiction> {
  const { outcome } = result;
  const ofRole = (role: PeerRecord['role']): PeerRecord[] =>
    peers.filter((peer) => peer.role === role);
  const [clients, servers] = [ofRole('client'), ofRole('server')];
  if (warned(result, 'LEDGER_UNBALANCED') === 0) {
    for (const { peer, due, completed, failed } of clients) {
      const ended = (completed ?? 0) + (failed ?? 0);
      yield* same(`peers.csv ${peer} due`, due, ended, 'completed + failed');
    }
  }
  if (peers.length === 0 || !isWhole(result)) return;
  const sums = (pick: (peer: PeerRecord) => number | null): number =>
    total(clients.map((peer) => pick(peer) ?? 0));
  yield* same('workload.clients', result.workload.clients, clients.length, 'clients in peers.csv');
  yield* same('workload.servers', result.workload.servers, servers.length, 'servers in peers.csv');
  yield* same(
    'outcome.due',
    outcome.due,
    sums((p) => p.due),
    'clients of peers.csv',
  );
  yield* same(
    'outcome.completed',
    outcome.completed,
    sums((p) => p.completed),
    'clients of peers.csv',
  );
  yield* same(
    'outcome.failedTotal',
    outcome.failedTotal,
    sums((p) => p.failed),
    'clients of peers.csv',
  );
  const { delivered, duplicated } = outcome;
  yield* same(
    'outcome.delivered',
    delivered,
    total(servers.map((peer) => peer.delivered ?? 0)) - duplicated,
    `deliveries of all servers in peers.csv - duplicated ${duplicated}`,
  );
}

/** Distributions in which failed operations rank as infinite. */
const mayFail = ['response', 'service', 'busDelay', 'accepted', 'fanoutFirst', 'fanoutLast'].map(
  (kind) => `latencyUs.${kind}`,
);

/** The operations that have a time are those that were done, each distribution with its own population. */
export function* populationLaw({ result }: RunRecord): Generator<Contradiction> {
  const { outcome, latencyUs, scenario, workload } = result;
  const { response, service, agentDelay, busDelay, hold } = latencyUs;
  const { failedTotal, completed, due, sent } = outcome;
  const unsent = outcome.failed['unsent'] ?? 0;
  yield* same('latencyUs.response.failed', response.failed, failedTotal, 'outcome.failedTotal');
  yield* same(
    'latencyUs.service.failed',
    service.failed,
    failedTotal - unsent,
    'outcome.failedTotal - outcome.failed.unsent',
  );
  yield* same('latencyUs.busDelay.failed', busDelay.failed, unsent, 'outcome.failed.unsent');
  for (const [where, dist] of distributionsOf(result)) {
    if (mayFail.includes(where)) continue;
    yield* same(`${where}.failed`, dist.failed, 0, 'what has no end is left out');
  }
  for (const [kind, population] of [
    ['accepted', sent],
    ['fanoutFirst', due],
    ['fanoutLast', due],
  ] as const) {
    const dist = latencyUs[kind];
    if (dist === null || !countsNegatives(latencyUs)) continue;
    const rest = Math.max(0, population - timed(dist));
    yield* same(
      `latencyUs.${kind}.failed`,
      dist.failed,
      rest,
      `those of ${population} without a time`,
    );
  }
  const inWindow = (workload.achievedPerSecond * workload.measuredMs) / 1e3;
  yield* same(
    'workload.achievedPerSecond',
    inWindow,
    Math.round(inWindow),
    'times measuredMs / 1000, whole operations',
  );
  if (!isWhole(result) || !countsNegatives(latencyUs)) return;
  const most = isPlain(outcome) ? completed : Number.POSITIVE_INFINITY;
  yield* within('workload.achievedPerSecond', inWindow, [0, most], 'times measuredMs / 1000');
  yield* same('latencyUs.agentDelay.count', timed(agentDelay), due, 'outcome.due');
  yield* same('latencyUs.busDelay.count', timed(busDelay), sent, 'outcome.sent');
  const many = hasManyReceivers(scenario.workload);
  const { replies } = patterns[scenario.workload.pattern];
  // Servers time one-way messages: those that came twice, or that the bus had refused, are timed all the same.
  if (!many && !replies && !isPlain(outcome)) return;
  const from = 'outcome.completed, negative samples included';
  yield* same('latencyUs.response.count', timed(response), completed, from);
  yield* same('latencyUs.service.count', timed(service), completed, from);
  if (replies && hold !== null) yield* same('latencyUs.hold.count', timed(hold), completed, from);
}

/** Older results do not tell how many samples of which kind came out negative. */
function countsNegatives({ response, negativeSamples }: RunResult['latencyUs']): boolean {
  return response.negative !== undefined || negativeSamples === 0;
}

function timed({ count, negative = 0 }: { count: number; negative?: number | undefined }): number {
  return count + negative;
}

/** Every message that was delivered was delivered once, and none that the bus had refused. */
export function isPlain({ duplicated, failed }: RunResult['outcome']): boolean {
  const mild = ['unsent', 'timeout', 'lost', 'unknown'];
  return duplicated === 0 && Object.keys(failed).every((name) => mild.includes(name));
}
