import { seededRandom } from '../../topologies/random.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import type { Point } from './points.ts';
import type { SweepSpec } from './spec.ts';

/** Points whose scenarios have the same text can be measured on the same fabric. */
export function fabricKey({ sites, links, fabric }: ResolvedScenario): string {
  return JSON.stringify({ sites, links, fabric });
}

/**
 * Points whose scenarios have the same text can be measured on the same bus: they differ only in how many peers
 * there are and what these do, which no bus is told before its bench.
 */
export function busKey(scenario: ResolvedScenario): string {
  const { name: _name, phases: _phases, expect: _expect, faults: _faults, ...rest } = scenario;
  const { servers: _servers, clients, workload, ...deployed } = rest;
  const { failover, reconnect } = clients;
  const { pattern, target, topics, pools } = workload;
  return JSON.stringify({ deployed, failover, reconnect, pattern, target, topics, pools });
}

/**
 * The order to measure in. `random`: deployments, and the points of each, are shuffled by the seed, but points of
 * one deployment stay together so that it can be reused. With `stopWhen` the axis it grows along keeps its order.
 */
export function ordered<T extends Pick<Point, 'scenario' | 'settings'>>(
  points: readonly T[],
  spec: SweepSpec,
): readonly T[] {
  if (spec.order === 'given') return points;
  const groups = shuffled(byDeployment(points, spec.reuse), spec.seed).map((group) =>
    shuffled(group, spec.seed).sort((a, b) => rankAlong(a, spec) - rankAlong(b, spec)),
  );
  const rankOf = ([first]: readonly T[]): number => (first ? rankAlong(first, spec) : 0);
  return groups.sort((a, b) => rankOf(a) - rankOf(b)).flat();
}

/** How far a point is along the axis of `stopWhen`, from 0; 0 where there is none. */
export function rankAlong({ settings }: Pick<Point, 'settings'>, spec: SweepSpec): number {
  const along = spec.stopWhen?.along;
  if (along === undefined) return 0;
  const values = spec.matrix[along] ?? spec.zip[along] ?? [];
  const text = JSON.stringify(settings[along]);
  return values.findIndex((value) => JSON.stringify(value) === text);
}

function byDeployment<T extends Pick<Point, 'scenario'>>(
  points: readonly T[],
  reuse: SweepSpec['reuse'],
): readonly T[][] {
  if (reuse === 'none') return points.map((point) => [point]);
  const groups = new Map<string, T[]>();
  for (const point of points) {
    const key = reuse === 'bus' ? busKey(point.scenario) : fabricKey(point.scenario);
    const group = groups.get(key) ?? [];
    group.push(point);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Seeded Fisher-Yates shuffle. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const result = [...items];
  const random = seededRandom(seed);
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [result[i], result[j]];
    if (a !== undefined && b !== undefined) {
      result[i] = b;
      result[j] = a;
    }
  }
  return result;
}
