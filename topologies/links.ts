import { z } from 'zod';
import type { Immutable } from './json.ts';
import { shape } from './language/codecs.ts';
import type { Findings } from './language/findings.ts';
import { type Path, pathText } from './language/path.ts';
import { namesOfRange } from './language/ranges.ts';
import {
  type Link,
  type LinkShape,
  type LinkValues,
  linkFields,
  linkShape,
  linkValues,
  type Site,
  type Topology,
  unimpaired,
} from './topology.ts';

const end = z.string().meta({ description: 'a site, or a range of sites such as "edge-[1-100]"' });

const constraint = shape({
  src: end,
  dst: end,
  ...linkFields,
  symmetric: z.boolean().prefault(true).meta({ description: 'also from dst to src' }),
});

/** `links:` of a scenario. */
export const links = shape({
  default: linkValues.prefault({}).meta({
    description: 'every link, unless a constraint says otherwise',
  }),
  constraints: z
    .array(constraint)
    .prefault([])
    .meta({ description: 'links that differ from the default' }),
})
  .prefault({})
  .meta({ description: 'what the WAN does to traffic between sites' });

type WrittenLinks = Immutable<z.output<typeof links>>;

/** The links of a scenario, and where each of their values was written. */
export interface ResolvedLinks {
  /** Every ordered pair of distinct sites, in site order. */
  readonly links: readonly Link[];
  /** Path of a value (`delay`, `jitter`, ...) of the link at this index. */
  origin(index: number, key: string): Path;
}

/** Lays `links:` over every pair; reports constraints that make no sense. */
export function resolveLinks(
  written: WrittenLinks,
  sites: readonly string[],
  findings: Findings,
): ResolvedLinks {
  const base: LinkShape = { ...unimpaired, ...written.default };
  const given = new Map<string, number>();
  for (const [i, { src, dst, symmetric }] of written.constraints.entries()) {
    const path: Path = ['links', 'constraints', i];
    const ends = sitePairs(src, dst, symmetric);
    const known = (key: 'src' | 'dst', name: string): boolean =>
      (namesOfRange(name) ?? [name]).every((site) =>
        findings.known('site', site, sites, [...path, key], ['sites']),
      );
    const [knownSrc, knownDst] = [known('src', src), known('dst', dst)];
    if (!knownSrc || !knownDst) continue;
    if (ends.length === 0) {
      findings.add([...path, 'dst'], `a link from ${src} to itself; expected two distinct sites`);
      continue;
    }
    for (const [from, to] of ends) {
      const key = `${from} ${to}`;
      const earlier = given.get(key);
      if (earlier !== undefined && earlier !== i) {
        const place = pathText(findings.placeOf(['links', 'constraints', earlier]).slice(1));
        findings.add(path, `${from} to ${to} was already given by ${place}`);
        break;
      }
      given.set(key, i);
    }
  }
  const resolved = sites.flatMap((from) =>
    sites
      .filter((to) => to !== from)
      .map((to): Link => {
        const own = written.constraints[given.get(`${from} ${to}`) ?? -1];
        return { from, to, ...(own === undefined ? base : linkShape.parse({ ...base, ...own })) };
      }),
  );
  const origin = (index: number, key: string): Path => {
    const ends = resolved[index];
    const position = given.get(`${ends?.from} ${ends?.to}`);
    const own = position === undefined ? undefined : written.constraints[position];
    return own !== undefined && position !== undefined && key in linkValues.encode(own)
      ? ['links', 'constraints', position, key]
      : ['links', 'default', key];
  };
  return { links: resolved, origin };
}

/** Every direction between a site of one end and another of the other. */
function sitePairs(
  src: string,
  dst: string,
  symmetric: boolean,
): readonly (readonly [from: string, to: string])[] {
  const targets = namesOfRange(dst) ?? [dst];
  return (namesOfRange(src) ?? [src]).flatMap((from) =>
    targets.flatMap((to): (readonly [string, string])[] => {
      if (from === to) return [];
      return symmetric
        ? [
            [from, to],
            [to, from],
          ]
        : [[from, to]];
    }),
  );
}

/** The commonest shape is the default; what differs is a constraint, one for both directions where they agree. */
export function writtenLinks({ links, sites }: Topology): WrittenLinks {
  const counts = new Map<string, number>();
  for (const link of links) counts.set(shapeKey(link), (counts.get(shapeKey(link)) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  const base = links.find((link) => counts.get(shapeKey(link)) === most);
  if (base === undefined) return { default: { delayMs: 0 }, constraints: [] };
  const order = new Map(sites.map((site: Site, i) => [site.name, i]));
  const byPair = new Map(links.map((link) => [`${link.from} ${link.to}`, link]));
  const constraints = links.flatMap((link) => {
    const back = byPair.get(`${link.to} ${link.from}`);
    const symmetric = back !== undefined && shapeKey(back) === shapeKey(link);
    const isSecond = symmetric && (order.get(link.from) ?? 0) > (order.get(link.to) ?? 0);
    if (shapeKey(link) === shapeKey(base) || isSecond) return [];
    return [{ src: link.from, dst: link.to, ...valuesOf(link), symmetric }];
  });
  return { default: valuesOf(base), constraints };
}

function valuesOf(link: LinkShape): LinkValues {
  return linkShape.parse(link);
}

function shapeKey(link: LinkShape): string {
  return JSON.stringify(valuesOf(link));
}
