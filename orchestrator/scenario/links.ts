import type { Link, LinkShape } from '../../topologies/topology.ts';
import type { Findings } from './findings.ts';
import type { LinkValues } from './link-shape.ts';
import type { Path } from './path.ts';
import type { ScenarioShape } from './scenario-shape.ts';

/** A link that does nothing to its traffic. */
export const unimpaired: LinkShape = { delayMs: 0, jitterMs: 0, lossPercent: 0, rateMbps: null };

/** The links of a scenario, and where each of their values was written. */
export interface ResolvedLinks {
  /** Every ordered pair of distinct sites, in site order. */
  readonly links: readonly Link[];
  /** Path of a value (`delay`, `jitter`, `loss`, `burst`, `rate`) of the link at this index. */
  origin(index: number, key: string): Path;
}

/** Lays `links:` over every pair; reports constraints that make no sense. */
export function resolveLinks(
  links: ScenarioShape['links'],
  sites: readonly string[],
  findings: Findings,
): ResolvedLinks {
  const base = withValues(unimpaired, links.default);
  const shaped = new Map<string, LinkShape>();
  const given = new Map<string, number>();
  for (const [i, constraint] of links.constraints.entries()) {
    if (constraint === undefined) continue;
    const path: Path = ['links', 'constraints', i];
    const { src, dst, symmetric } = constraint;
    const knownSrc = findings.known('site', src, sites, [...path, 'src'], ['sites']);
    const knownDst = findings.known('site', dst, sites, [...path, 'dst'], ['sites']);
    if (!knownSrc || !knownDst) continue;
    if (src === dst) {
      findings.add([...path, 'dst'], `a link from ${src} to itself; expected two distinct sites`);
      continue;
    }
    const shape = withValues(base, constraint.link);
    for (const [from, to] of symmetric
      ? [
          [src, dst],
          [dst, src],
        ]
      : [[src, dst]]) {
      const key = `${from} ${to}`;
      const earlier = given.get(key);
      if (earlier !== undefined && earlier !== i) {
        const message = `${from} to ${to} was already given by constraints[${earlier}]`;
        findings.add(path, message);
        break;
      }
      given.set(key, i);
      shaped.set(key, shape);
    }
  }
  const resolved = sites.flatMap((from) =>
    sites
      .filter((to) => to !== from)
      .map((to): Link => ({ from, to, ...(shaped.get(`${from} ${to}`) ?? base) })),
  );
  const origin = (index: number, key: string): Path => {
    const link = resolved[index];
    const position = given.get(`${link?.from} ${link?.to}`);
    const own = position === undefined ? undefined : links.constraints[position]?.link;
    const isOwn = own !== undefined && givenValue(own, key) !== undefined;
    return isOwn && position !== undefined
      ? ['links', 'constraints', position, key]
      : ['links', 'default', key];
  };
  return { links: resolved, origin };
}

function givenValue(values: LinkValues, key: string): number | null | undefined {
  switch (key) {
    case 'delay':
      return values.delayMs;
    case 'jitter':
      return values.jitterMs;
    case 'loss':
      return values.lossPercent;
    case 'burst':
      return values.lossBurst;
    default:
      return values.rateMbps;
  }
}

function withValues(base: LinkShape, values: LinkValues): LinkShape {
  const lossBurst = values.lossBurst ?? base.lossBurst;
  return {
    delayMs: values.delayMs ?? base.delayMs,
    jitterMs: values.jitterMs ?? base.jitterMs,
    lossPercent: values.lossPercent ?? base.lossPercent,
    ...(lossBurst === undefined ? {} : { lossBurst }),
    rateMbps: values.rateMbps === undefined ? base.rateMbps : values.rateMbps,
  };
}

/** The given values only: what a `degrade` fault replaces. */
export function presentValues(values: LinkValues): Partial<LinkShape> {
  const { delayMs, jitterMs, lossPercent, lossBurst, rateMbps } = values;
  return {
    ...(delayMs === undefined ? {} : { delayMs }),
    ...(jitterMs === undefined ? {} : { jitterMs }),
    ...(lossPercent === undefined ? {} : { lossPercent }),
    ...(lossBurst === undefined ? {} : { lossBurst }),
    ...(rateMbps === undefined ? {} : { rateMbps }),
  };
}
