import { describe, expect, it } from 'vitest';
import { namesOfRange } from '../../../topologies/language/ranges.ts';
import { minimal, resolve } from '../../helpers/scenarios.ts';

describe('namesOfRange', () => {
  it('counts from the first to the last, as wide as the first is written', () => {
    expect(namesOfRange('edge-[9-11]')).toEqual(['edge-9', 'edge-10', 'edge-11']);
    expect(namesOfRange('e[08-10]x')).toEqual(['e08x', 'e09x', 'e10x']);
    expect(namesOfRange('edge-[3-2]')).toEqual([]);
    for (const text of ['edge', 'edge-[1]', '[1-2]', 'edge-[1-2', 'edge-[1-2][1-2]']) {
      expect(namesOfRange(text)).toBeNull();
    }
  });
});

describe('ranges in a scenario', () => {
  it('are sites, and both ends of constraints', async () => {
    const core = '{ src: "edge-[1-3]", dst: core, delay: 20ms }';
    const edges = '{ src: "edge-[1-2]", dst: "edge-[1-2]", delay: 1ms }';
    const { sites, links } = await resolve(
      minimal,
      'sites=["edge-[1-3]", core]',
      `links={ default: { delay: 5ms }, constraints: [${core}, ${edges}] }`,
    );
    expect(sites.map(({ name }) => name)).toEqual(['edge-1', 'edge-2', 'edge-3', 'core']);
    const delays = Object.fromEntries(links.map((l) => [`${l.from} ${l.to}`, l.delayMs]));
    expect(delays).toMatchObject({
      'edge-1 core': 20,
      'core edge-3': 20,
      'edge-1 edge-2': 1,
      'edge-2 edge-1': 1,
      'edge-1 edge-3': 5,
    });
  });

  it('must hold something, not too much, and name sites that are there', async () => {
    const saying = async (...sets: string[]): Promise<string> =>
      resolve(minimal, ...sets).then(
        () => '',
        (error: unknown) => String(error),
      );
    expect(await saying('sites=["e[2-1]"]')).toContain('the range e[2-1] ends before it begins');
    expect(await saying('sites=["e[1-201]"]')).toContain('expected at most 200 sites, got 201');
    const constraint = 'links.constraints=[{ src: paris, dst: "edge-[1-2]", delay: 1ms }]';
    expect(await saying(constraint)).toContain('unknown site "edge-1"');
    const twice = '{ src: "p[1-2]", dst: q }, { src: q, dst: p2 }';
    expect(await saying('sites=["p[1-2]", q]', `links.constraints=[${twice}]`)).toContain(
      'q to p2 was already given by',
    );
  });
});
