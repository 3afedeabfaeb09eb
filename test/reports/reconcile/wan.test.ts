import { describe, expect, it } from 'vitest';
import type { RttSample } from '../../../reports/evidence.ts';
import { wanOf, wilsonInterval } from '../../../reports/reconcile/wan.ts';
import { evidence, rtt, scenario } from './synthetic.ts';

const base = evidence(scenario(), []);

function links(before: readonly RttSample[], after: readonly RttSample[], lossPercent = 0) {
  const of = scenario({}, { links: base.scenario.links.map((link) => ({ ...link, lossPercent })) });
  return wanOf({ ...base, scenario: of, wan: { ...base.wan, before, after } }).links;
}

describe('wanOf', () => {
  it('judges medians before and after against the round trip, within 5 % or 1 ms', () => {
    const judged = (before: number, after: number) =>
      links([rtt('paris', 'lyon', before)], [rtt('paris', 'lyon', after)])[0]?.withinTolerance;
    expect(judged(20.9, 19.1)).toBe(true);
    expect(judged(21.1, 20)).toBe(false);
    expect(judged(20, 18.9)).toBe(false);
  });

  it('shows the worse median, the least and the worst probe', () => {
    const [link] = links([rtt('paris', 'lyon', 20.2)], [rtt('paris', 'lyon', 19.5)]);
    expect(link).toEqual({
      from: 'paris',
      to: 'lyon',
      requested: { delayMs: 10, jitterMs: 0, lossPercent: 0, rateMbps: null },
      measured: { rttMinMs: 19, rttP50Ms: 19.5, rttP99Ms: 21.2, probes: 200, lossPercent: null },
      withinTolerance: true,
    });
  });

  it('repeats every value that the scenario asks of a link', () => {
    const asked = { delayMs: 10, jitterMs: 1, lossPercent: 2, lossBurst: 4, rateMbps: 50 };
    const of = scenario({}, { links: base.scenario.links.map((one) => ({ ...one, ...asked })) });
    const wan = { ...base.wan, before: [rtt('paris', 'lyon', 20)] };
    expect(wanOf({ ...base, scenario: of, wan }).links[0]?.requested).toEqual(asked);
  });

  it('leaves out what was not measured, and does not vouch for half a measurement', () => {
    expect(links([], [])).toEqual([]);
    expect(links([rtt('paris', 'lyon', 20)], [])[0]?.withinTolerance).toBeNull();
    expect(links([rtt('paris', 'lyon', 30)], [])[0]?.withinTolerance).toBe(false);
  });

  it('judges loss by its interval, and gives it as that of one direction', () => {
    const lossy = (lostProbes: number, probes = 1000) => {
      const sample = rtt('paris', 'lyon', 20, { probes, lostProbes });
      return links([sample], [sample], 1)[0];
    };
    // 1 % each way are 1.99 % of the round trips: 40 of 2000.
    expect(lossy(20)?.withinTolerance).toBe(true);
    expect(lossy(20)?.measured.lossPercent).toBeCloseTo(100 * (1 - Math.sqrt(0.98)), 9);
    expect(lossy(5)?.withinTolerance).toBe(false);
    expect(lossy(40)?.withinTolerance).toBe(false);
    expect(lossy(0, 20)?.withinTolerance).toBe(true);
  });

  it('lets losses that come in bursts vary more', () => {
    const burstWithin = (lossBurst: number) => {
      const shape = { lossPercent: 1, lossBurst };
      const of = scenario(
        {},
        { links: base.scenario.links.map((link) => ({ ...link, ...shape })) },
      );
      const samples = [rtt('paris', 'lyon', 20, { probes: 1000, lostProbes: 32 })];
      const wan = { ...base.wan, before: samples, after: samples };
      return wanOf({ ...base, scenario: of, wan }).links[0]?.withinTolerance;
    };
    expect(burstWithin(1)).toBe(false);
    expect(burstWithin(5)).toBe(true);
  });

  it('has Wilson’s interval', () => {
    // Textbook values for 10 of 100.
    const [low, high] = wilsonInterval(10, 100);
    expect(low).toBeCloseTo(0.0552, 4);
    expect(high).toBeCloseTo(0.1744, 4);
    expect(wilsonInterval(0, 50)[0]).toBe(0);
    expect(wilsonInterval(50, 50)[1]).toBe(1);
  });

  it('adds up bytes, and says why a ratio is unknown', () => {
    const traffic = [
      { from: 'paris', to: 'lyon', bytes: 300, packets: 3 },
      { from: 'lyon', to: 'paris', bytes: 100, packets: null },
    ];
    const of = (inSiteBytes: number | null, sent = traffic) =>
      wanOf({ ...base, wan: { ...base.wan, traffic: sent, inSiteBytes } });
    expect(of(600)).toMatchObject({
      interSiteBytes: 400,
      totalBytes: 1000,
      interSiteRatio: 0.4,
      interSiteRatioReason: null,
    });
    expect(of(null)).toMatchObject({
      totalBytes: null,
      interSiteRatio: null,
      interSiteRatioReason: 'a relay sees no traffic inside a site',
    });
    expect(of(0, [])).toMatchObject({
      interSiteRatio: null,
      interSiteRatioReason: 'nothing was sent',
    });
  });
});
