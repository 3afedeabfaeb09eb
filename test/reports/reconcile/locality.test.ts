import { describe, expect, it } from 'vitest';
import { conclude } from '../../../reports/conclude.ts';
import { fairnessOf, jainIndex } from '../../../reports/reconcile/fairness.ts';
import {
  client,
  clientLedger,
  evidence,
  histogram,
  range,
  row,
  rtt,
  scenario,
  server,
  serverLedger,
} from './synthetic.ts';

// Topic 0 has a server at each site and a third in lyon; topic 1 one in lyon alone.
const servers = [
  server(0),
  server(1, { site: 1 }),
  server(2, { site: 1 }),
  server(3, { site: 1, topic: 1 }),
];
const clients = [client(0), client(1, { site: 1 }), client(2, { topic: 1 })];

const ledgers = [100, 300, 50].map((due, index) =>
  clientLedger({ client: index, due, replied: range(due), completed: due }),
);
const rows = [
  row({ role: 'client', index: 0, due: 100, completed: 100, local: 60 }),
  row({ role: 'client', index: 1, site: 1, due: 300, completed: 300, local: 270 }),
  row({ role: 'client', index: 2, topic: 1, due: 50, completed: 50, local: 0 }),
  row({ role: 'server', index: 0, due: 90 }),
  row({ role: 'server', index: 1, site: 1, due: 310 }),
  row({ role: 'server', index: 2, site: 1, due: 0 }),
  row({ role: 'server', index: 3, site: 1, topic: 1, due: 50 }),
];
const parts = [
  { type: 'clientLedger' as const, entries: ledgers },
  { type: 'peers' as const, rows },
];

describe('localityOf', () => {
  it('leaves out operations whose topic has no server at the caller', () => {
    const { locality } = conclude(evidence(scenario(), parts, { clients, servers })).result;
    expect(locality).toMatchObject({
      localRatio: 330 / 400,
      localRatioMin: 0.6,
      localRatioMax: 0.9,
    });
    // One of three servers is in paris, two are in lyon.
    expect(locality.expectedBlind).toBeCloseTo((100 / 3 + (300 * 2) / 3) / 400, 12);
    expect(locality.detoured).toBeNull();
  });

  it('counts as detoured what was served here by way of a leader there', () => {
    const detoured = (topicSites: (string | null)[]) =>
      conclude(evidence(scenario(), parts, { clients, servers, topicSites })).result.locality
        .detoured;
    expect(detoured(['lyon', 'lyon'])).toBe(60 / 400);
    expect(detoured(['paris', null])).toBe(270 / 400);
    expect(detoured([null, 'lyon'])).toBeNull();
  });

  it('takes local deliveries from the servers where there are no replies', () => {
    const { locality } = conclude(
      evidence(scenario({ pattern: 'cast' }), [
        { type: 'clientLedger', entries: [clientLedger({ client: 0, due: 10 })] },
        {
          type: 'serverLedger',
          entries: [
            serverLedger({ client: 0, delivered: range(6), local: 6 }),
            serverLedger({ client: 0, delivered: range(2, 6) }),
          ],
        },
      ]),
    ).result;
    expect(locality).toMatchObject({ localRatio: 6 / 8, expectedBlind: 1 });
  });

  it('gives the service time of each pair of sites', () => {
    const { locality } = conclude(
      evidence(scenario(), [
        histogram('service', range(1000, 1), 0, 1),
        histogram('service', range(20, 1), 1, 1),
        histogram('service', range(19, 1), 0, 0),
      ]),
    ).result;
    expect(locality.matrix).toMatchObject([
      { client: 'paris', server: 'paris', count: 19, p50Us: null, p99Us: null },
      { client: 'paris', server: 'lyon', count: 1000, p50Us: 500, p99Us: 990 },
      { client: 'lyon', server: 'lyon', count: 20, p50Us: 10, p99Us: null },
    ]);
  });

  it('holds transit against the idle round trip to the nearest server, signed', () => {
    const transit = [
      histogram('transit', range(20, 1), 0, 0),
      histogram('transit', range(20, 1000), 1, 0),
    ];
    const { locality } = conclude(
      evidence(scenario(), transit, {
        clients: [client(0), client(1, { site: 1 })],
        wan: { ...evidence(scenario(), []).wan, before: [rtt('lyon', 'paris', 1.9)] },
      }),
    ).result;
    // paris has its own server; lyon's nearest is 1.9 - 0.5 ms away.
    expect(locality.excess).toEqual([
      { site: 'paris', p50Us: 10, p99Us: null },
      { site: 'lyon', p50Us: 1009 - 1400, p99Us: null },
    ]);
  });

  it('has no excess where nearest servers lie at different distances', () => {
    const { locality } = conclude(
      evidence(scenario(), [histogram('transit', range(40, 1))], {
        clients: [client(0), client(1, { topic: 1 })],
        servers: [server(0), server(1, { site: 1, topic: 1 })],
      }),
    ).result;
    expect(locality.excess).toEqual([{ site: 'paris', p50Us: null, p99Us: null }]);
  });
});

describe('fairness', () => {
  it('is Jain’s index', () => {
    expect(jainIndex([5, 5, 5])).toBeCloseTo(1, 12);
    expect(jainIndex([9, 0, 0])).toBeCloseTo(1 / 3, 12);
    expect(jainIndex([1, 2, 3])).toBeCloseTo(36 / (3 * 14), 12);
    expect(jainIndex([0, 0])).toBeNull();
  });

  it('weighs topics equally and counts idle servers', () => {
    const of = evidence(scenario(), [], { servers });
    const first = 400 ** 2 / (3 * (90 ** 2 + 310 ** 2));
    expect(fairnessOf(of, rows)).toBeCloseTo((first + 1) / 2, 12);
    // A server that nothing is known of is left out; one that is idle is not.
    const known = rows.filter(({ role, index }) => role !== 'server' || index !== 2);
    expect(fairnessOf(of, known)).toBeCloseTo((400 ** 2 / (2 * (90 ** 2 + 310 ** 2)) + 1) / 2, 12);
    expect(fairnessOf(of, [])).toBe(0);
  });
});
