import { ResultInputError } from '../errors.ts';
import type { RunResult } from '../result.ts';

/** What must be equal for two results to be comparable at all. */
const conditions: readonly {
  readonly name: string;
  readonly of: (result: RunResult) => unknown;
}[] = [
  { name: 'fabric', of: ({ wan }) => wan.fabric },
  { name: 'pattern', of: ({ workload }) => workload.pattern },
  { name: 'pace', of: ({ scenario }) => scenario.workload.pace },
  { name: 'guarantee', of: ({ scenario }) => scenario.guarantee },
];

/** Throws COMPARE_UNLIKE, naming what differs, unless all results were made under the same conditions. */
export function refuseUnlike(
  baseline: readonly RunResult[],
  candidate: readonly RunResult[],
): void {
  const differences = conditions.flatMap(({ name, of }) => {
    const found = new Set([...baseline, ...candidate].map((result) => JSON.stringify(of(result))));
    return found.size === 1 ? [] : [`${name}: ${[...found].join(' and ')}`];
  });
  if (differences.length === 0) return;
  throw new ResultInputError(
    'COMPARE_UNLIKE',
    `these results cannot be compared, they differ in ${differences.join('; ')}`,
    'Numbers of different fabrics, paces or guarantees say nothing about each other; measure both alike.',
  );
}

/** Throws COMPARE_UNUSABLE when a result has no numbers of a whole run. */
export function refuseUnfinished(results: readonly RunResult[]): void {
  const broken = results.filter(({ verdict }) =>
    ['failed', 'interrupted'].includes(verdict.status),
  );
  if (broken.length === 0) return;
  const named = broken.map(
    ({ name, startedAt, verdict }) => `${name} of ${startedAt} ${verdict.status}`,
  );
  throw new ResultInputError(
    'COMPARE_UNUSABLE',
    `expected results of whole runs; ${named.join(', ')}`,
    'Leave them out, or measure them again.',
  );
}

/** One thing that is not the same on both sides. */
export interface Difference {
  readonly path: string;
  readonly baseline: string;
  readonly candidate: string;
}

/** Where the machine or the software differed: what may explain a difference that nobody wanted to measure. */
export function environmentDifferences(
  baseline: readonly RunResult[],
  candidate: readonly RunResult[],
): readonly Difference[] {
  const of = ({ environment }: RunResult): unknown => {
    const { commandLine: _, versions, ...rest } = environment;
    // Which loopback addresses were free is chance.
    const { addresses: _addresses, ...programs } = versions;
    return { ...rest, versions: programs };
  };
  return differences(baseline, candidate, of);
}

/** What was changed from baseline to candidate, and what the bus made of it. */
export function scenarioDifferences(
  baseline: readonly RunResult[],
  candidate: readonly RunResult[],
): readonly Difference[] {
  return differences(baseline, candidate, ({ scenario, bus }) => ({
    ...scenario,
    declared: bus.declared,
  }));
}

/** Paths of the scenario in which results of one side differ from each other, so that they are no repetitions. */
export function unlikeRepetitions(side: readonly RunResult[]): readonly string[] {
  const flat = side.map(({ scenario }) => {
    const { seed: _, ...rest } = scenario;
    return flatten(rest);
  });
  const paths = new Set(flat.flatMap((one) => [...one.keys()]));
  const unlike = [...paths].filter((path) => new Set(flat.map((one) => one.get(path))).size > 1);
  return [...new Set(unlike.map((path) => path.replaceAll(/\[\d+\]/g, '[*]')))];
}

function differences(
  baseline: readonly RunResult[],
  candidate: readonly RunResult[],
  of: (result: RunResult) => unknown,
): readonly Difference[] {
  const [before, after] = [baseline, candidate].map((side) =>
    side.map((result) => flatten(of(result))),
  );
  const all = [...(before ?? []), ...(after ?? [])];
  const paths = [...new Set(all.flatMap((flat) => [...flat.keys()]))];
  const said = (side: typeof before, path: string): string =>
    [...new Set((side ?? []).map((flat) => flat.get(path) ?? 'none'))].join(', ');
  const found = paths
    .map((path) => ({ path, baseline: said(before, path), candidate: said(after, path) }))
    .filter((difference) => difference.baseline !== difference.candidate);
  // Every link of a topology usually changes alike: said once.
  const merged = found.map((difference) => ({
    ...difference,
    path: difference.path.replaceAll(/\[\d+\]/g, '[*]'),
  }));
  return [
    ...new Map(merged.map((difference) => [JSON.stringify(difference), difference])).values(),
  ];
}

function flatten(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      const step = Array.isArray(value) ? `[${key}]` : `.${key}`;
      flatten(inner, path === '' && !Array.isArray(value) ? key : `${path}${step}`, into);
    }
  } else into.set(path, String(value));
  return into;
}
