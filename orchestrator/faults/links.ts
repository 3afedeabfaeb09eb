import type { FaultSpec } from '../../topologies/faults.ts';
import type { LinkShape } from '../../topologies/topology.ts';
import type { Plan } from '../plan/plan.ts';
import { cannot, type FaultScene, type Injection, mended } from './injection.ts';

/** Partition or degradation of every link between two groups of sites, in one direction or both. */
export function linkInjection(
  fault: FaultSpec,
  [left, right]: readonly [readonly string[], readonly string[]],
  oneWay: boolean,
  { fabric, plan }: FaultScene,
): Injection {
  const forth = left.flatMap((a) => right.map((b) => [a, b] as const));
  const directions = oneWay ? forth : [...forth, ...forth.map(([a, b]) => [b, a] as const)];
  const target = `${left.join('+')} ${oneWay ? '->' : '-'} ${right.join('+')}`;
  const each = async (change: (from: string, to: string) => Promise<void>): Promise<void> => {
    await Promise.all(directions.map(([from, to]) => change(from, to)));
  };
  if (fault.action === 'partition') {
    return {
      target,
      begin: () => each((from, to) => fabric.cut(from, to)),
      end: mended(() => each((from, to) => fabric.heal(from, to))),
    };
  }
  if (fault.action !== 'degrade') throw cannot(fault, target);
  const worse = fault.link ?? {};
  return {
    target,
    begin: () => each((from, to) => fabric.shape(from, to, worse)),
    end: mended(() => each((from, to) => fabric.shape(from, to, plannedShape(plan, from, to)))),
  };
}

/** Every value of a link as the scenario has it, so that nothing of a degradation stays behind. */
export function plannedShape(
  { scenario }: Pick<Plan, 'scenario'>,
  from: string,
  to: string,
): Partial<LinkShape> {
  const link = scenario.links.find((l) => l.from === from && l.to === to);
  if (!link) return {};
  const { from: _from, to: _to, lossBurst = 1, ...shape } = link;
  return { ...shape, lossBurst };
}
