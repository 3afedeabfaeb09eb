import { describe, expect, it } from 'vitest';
import { conclude } from '../../../reports/conclude.ts';
import { mergeSamples } from '../../../reports/reconcile/dist.ts';
import {
  client,
  clientLedger,
  clocks,
  collected,
  evidence,
  histogram,
  interval,
  range,
  row,
  scenario,
  server,
} from './synthetic.ts';

describe('intervals', () => {
  it('merge processes and fill in seconds in which nothing was due', () => {
    const { intervals, histograms } = conclude(
      evidence(
        scenario(),
        [
          interval(0, { due: 60, done: 50, failed: 10 }, range(50, 1)),
          interval(0, { due: 40, done: 40 }, range(40, 51)),
          interval(2, { due: 5, done: 5 }, range(5, 1), { clientSite: 1 }),
        ],
        { clients: [client(0), client(1, { site: 1 })], measuredMs: 2500 },
      ),
    );
    expect(intervals.map(({ second, site, due }) => [second, site, due])).toEqual([
      [0, 'paris', 100],
      [0, 'lyon', 0],
      [1, 'paris', 0],
      [1, 'lyon', 0],
      [2, 'paris', 0],
      [2, 'lyon', 5],
    ]);
    // 90 done and 10 infinite: the median is the 50th, the maximum is not known, for a p99 there is too little.
    expect(intervals[0]).toEqual({
      second: 0,
      site: 'paris',
      due: 100,
      done: 90,
      failed: 10,
      responseP50Us: 50,
      responseP99Us: null,
      responseMaxUs: null,
      serviceP99Us: null,
    });
    expect(intervals[5]).toMatchObject({ responseMaxUs: 5, responseP50Us: null });
    const lines = histograms.map(({ tag, startSeconds, lengthSeconds, maxUs }) => [
      tag,
      startSeconds,
      lengthSeconds,
      maxUs,
    ]);
    expect(lines).toEqual([
      ['response.paris', 0, 1, 90],
      ['service.paris', 0, 1, 90],
      ['response.lyon', 2, 1, 5],
      ['service.lyon', 2, 1, 5],
    ]);
    expect(
      mergeSamples([{ hdr: histograms[0]?.hdr ?? null, negative: 0 }]).histogram.totalCount,
    ).toBe(90);
  });
});

describe('whole-window histograms', () => {
  it('are tagged by kind and the clients’ site', () => {
    const { histograms } = conclude(
      evidence(scenario(), [
        histogram('hold', [5], 1, 0),
        histogram('hold', [7], 1, 1),
        histogram('agentDelay', [1], 0, null),
      ]),
    );
    expect(histograms.map(({ hdr: _, ...line }) => line)).toEqual([
      { tag: 'agentDelay.paris', startSeconds: 0, lengthSeconds: 10, maxUs: 1 },
      { tag: 'hold.lyon', startSeconds: 0, lengthSeconds: 10, maxUs: 7 },
    ]);
  });
});

describe('legs', () => {
  it('are null where clocks are not known to 10 % of their median', () => {
    const parts = [histogram('requestLeg', range(41, 980)), histogram('hold', range(41, 3))];
    const leg = (spreadUs: number) =>
      conclude(
        evidence(scenario(), parts, {
          clocks: clocks({ 'server.paris': { spreadUs, boundUs: 5_000 } }),
        }),
      ).result.latencyUs;
    expect(leg(100).requestLeg).toMatchObject({ count: 41, p50: 1000 });
    expect(leg(101).requestLeg).toBeNull();
    // Both ends of a hold are one clock's.
    expect(leg(101).hold).toMatchObject({ count: 41 });
    expect(leg(0).replyLeg).toBeNull();
  });

  it('are judged by the clocks of the pair, not by the worst of the run', () => {
    const parts = [
      histogram('service', range(41, 980), 0, 0),
      histogram('service', range(41, 980), 0, 1),
      histogram('requestLeg', range(41, 980), 0, 0),
      histogram('requestLeg', range(41, 980), 0, 1),
    ];
    const far = { 'server.lyon': { spreadUs: 500, boundUs: 5_000 } };
    const { locality, latencyUs } = conclude(
      evidence(scenario(), parts, {
        servers: [server(0), server(1, { site: 1 })],
        clocks: clocks(far),
      }),
    ).result;
    expect(locality.matrix).toMatchObject([
      { server: 'paris', requestLegP50Us: 1000 },
      { server: 'lyon', requestLegP50Us: null },
    ]);
    // Half of them would not be all of them.
    expect(latencyUs.requestLeg).toBeNull();
    // A run whose far host nobody talks to knows its legs.
    const near = evidence(scenario(), parts.slice(0, 3), { clocks: clocks(far) });
    expect(conclude(near).result.latencyUs.requestLeg).toMatchObject({ count: 41 });
  });

  it('rank what was never confirmed as infinite', () => {
    const entries = [clientLedger({ client: 0, due: 50, completed: 50, replied: range(50) })];
    const { latencyUs } = conclude(
      evidence(scenario(), [
        { type: 'clientLedger', entries },
        histogram('accepted', range(45, 1)),
      ]),
    ).result;
    expect(latencyUs.accepted).toMatchObject({ count: 45, failed: 5, p50: 25, max: null });
    expect(latencyUs.reconnect).toBeNull();
  });
});

describe('workload', () => {
  it('offers the mean of a ramp over the window', () => {
    const offered = (measuredMs: number) =>
      conclude(
        evidence(
          scenario({
            pace: {
              kind: 'open',
              ratePerSecond: 100,
              arrivals: 'constant',
              ramp: [
                { toPerSecond: 300, overMs: 4000 },
                { toPerSecond: 300, overMs: 2000 },
              ],
            },
          }),
          [],
          { measuredMs },
        ),
      ).result.workload.offeredPerSecond;
    expect(offered(10_000)).toBeCloseTo((4 * 200 + 6 * 300) / 10, 9);
    expect(offered(2000)).toBeCloseTo(150, 9);
    expect(offered(0)).toBe(100);
  });

  it('achieves what was done inside the window, and offers nothing in a closed loop', () => {
    const { workload } = conclude(
      evidence(scenario({ pace: { kind: 'pause', pauseMs: 1 } }), [
        collected('client.paris', { doneInWindow: 40 }),
        collected('client.lyon', { doneInWindow: 8 }),
        collected('server.paris', { doneInWindow: 0 }),
      ]),
    ).result;
    expect(workload).toMatchObject({ achievedPerSecond: 4.8, offeredPerSecond: null });
  });

  it('has the mean body', () => {
    const bytes = (body: Parameters<typeof scenario>[0]) =>
      conclude(evidence(scenario(body), [])).result.workload.bodyBytes;
    expect(bytes({ body: { kind: 'uniform', minBytes: 100, maxBytes: 201 } })).toBe(150.5);
    const rows = [
      [100, 3],
      [500, 1],
    ] as const;
    expect(bytes({ body: { kind: 'weighted', file: 'f', rows } })).toBe(200);
  });
});

describe('peers', () => {
  it('tell what became of a client’s operations, by role and index', () => {
    const { peers } = conclude(
      evidence(scenario({ pattern: 'cast' }), [
        { type: 'clientLedger', entries: [clientLedger({ client: 0, due: 7, completed: 7 })] },
        {
          type: 'peers',
          rows: [
            row({ role: 'server', index: 0, due: 3, completed: 3 }),
            row({ role: 'client', index: 0, due: 7, completed: 7, responseP50Us: 4 }),
          ],
        },
      ]),
    );
    expect(peers).toMatchObject([
      // Sent with success as far as the client knows, and never delivered.
      { peer: 'client.paris/0', due: 7, completed: 0, failed: 7, delivered: null },
      // A server has deliveries, and nothing was due at it.
      { peer: 'server.paris/0', due: null, completed: null, failed: null, delivered: 3 },
    ]);
  });
});
