import type { RunResult } from '../../../reports/result.ts';

/** The same run over so many sites that no table holds all pairs. */
export function manySites(result: RunResult): RunResult {
  const names = Array.from({ length: 12 }, (_, index) => `site-${index + 1}`);
  const [link] = result.wan.links;
  if (link === undefined) throw new Error('the fixture has links');
  const pairs = names.flatMap((from) => names.map((to) => ({ from, to })));
  return {
    ...result,
    scenario: { ...result.scenario, sites: names.map((name) => ({ name, hosts: [] })) },
    locality: {
      ...result.locality,
      matrix: pairs.map(({ from, to }, index) => ({
        client: from,
        server: to,
        count: 100 + index,
        p50Us: 500,
        p99Us: 900,
        requestLegP50Us: null,
        replyLegP50Us: null,
      })),
    },
    wan: {
      ...result.wan,
      links: pairs.filter(({ from, to }) => from !== to).map((pair) => ({ ...link, ...pair })),
    },
  };
}
