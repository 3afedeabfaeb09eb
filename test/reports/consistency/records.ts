import { conclude } from '../../../reports/conclude.ts';
import type { RunRecord } from '../../../reports/record.ts';
import {
  arrivals,
  client,
  clientLedger,
  collected,
  evidence,
  histogram,
  interval,
  range,
  row,
  scenario,
  server,
  serverLedger,
} from '../reconcile/synthetic.ts';

/*
 * Whole records of one-way messages, a hundred a second of one client in paris over ten seconds: of 1000 due 990 are
 * sent and 960 come in time. What every part of them tells fits what the others tell.
 */

const due = 1000;
const inTime = range(960);
const late = range(20, 960);
const timesUs = inTime.map((k) => 2000 + 7 * k);

const ofClient = [
  histogram('agentDelay', range(due), 0, null),
  histogram('busDelay', range(990), 0, null),
];

/** Ten seconds; the last one has the failures. */
function seconds(timed: boolean) {
  return range(10).map((second) => {
    const done = second === 9 ? 60 : 100;
    const own = timed ? timesUs.slice(100 * second, 100 * second + done) : [];
    return interval(second, { due: 100, ...(timed && { done }) }, own);
  });
}

/** To one of two servers; 30 that were sent come never. */
export function castRecord(): RunRecord {
  const entries = [clientLedger({ client: 0, due, sent: range(990), failed: { unsent: 10 } })];
  const pair = (kind: 'response' | 'service' | 'requestLeg' | 'transit') => [
    histogram(kind, timesUs.slice(0, 600), 0, 0),
    histogram(kind, timesUs.slice(600), 0, 1),
  ];
  const servers = [
    serverLedger({ client: 0, delivered: inTime.slice(0, 600), local: 600 }),
    serverLedger({ client: 0, delivered: inTime.slice(600) }),
  ];
  return conclude(
    evidence(
      scenario({ pattern: 'cast' }, { servers: { count: 2, placement: 'even' } }),
      [
        { type: 'clientLedger', entries },
        { type: 'serverLedger', entries: servers },
        ...ofClient,
        ...(['response', 'service', 'requestLeg', 'transit'] as const).flatMap(pair),
        ...seconds(true),
        {
          type: 'peers',
          rows: [
            row({ role: 'client', index: 0, due, responseP99Us: 9000 }),
            ...serverRows(600, 360),
          ],
        },
        collected('server.paris', { doneInWindow: 950, operations: due }),
      ],
      { servers: [server(0), server(1, { site: 1 })] },
    ),
  );
}

/** The same to two servers each, and 20 come late: paris has all that came, lyon lacks five of them. */
export function fanoutRecord(): RunRecord {
  const entries = [
    clientLedger({
      client: 0,
      due,
      sent: range(990),
      failed: { unsent: 10 },
      receivers: [[0, 2]],
    }),
  ];
  const got = [...inTime, ...late];
  const lyon = got.filter((k) => k >= 5);
  const first = (k: number): number => (k < 960 ? 1000 + 7 * k : 5_500_000);
  const last = (k: number): number => first(k) + 1000;
  const times = (ks: readonly number[], of: (k: number) => number) =>
    arrivals(
      0,
      ks.map((k) => [k, 10_000 * k, 50, of(k), of(k), 1] as const),
    );
  return conclude(
    evidence(
      scenario(
        { pattern: 'fanout' },
        { servers: { count: 2, placement: 'even' }, expect: ['fanout.coverageMin == 1'] },
      ),
      [
        { type: 'clientLedger', entries },
        {
          type: 'serverLedger',
          entries: [
            serverLedger({ client: 0, delivered: got, inTime, local: got.length }),
            serverLedger({ client: 0, delivered: lyon, subscriber: 1 }),
          ],
        },
        ...ofClient,
        times(got, first),
        times(lyon, last),
        ...(['requestLeg', 'transit'] as const).flatMap((kind) => [
          histogram(kind, got.map(first), 0, 0),
          histogram(kind, lyon.map(last), 0, 1),
        ]),
        ...seconds(false),
        {
          type: 'peers',
          rows: [row({ role: 'client', index: 0, due }), ...serverRows(got.length, lyon.length)],
        },
        collected('server.paris', { operations: due }),
      ],
      { clients: [client(0)], servers: [server(0), server(1, { site: 1, subscriber: 1 })] },
    ),
  );
}

function serverRows(paris: number, lyon: number) {
  return [
    row({ role: 'server', index: 0, due: paris, completed: paris }),
    row({ role: 'server', index: 1, site: 1, due: lyon, completed: lyon }),
  ];
}
