import { stringify } from 'yaml';
import type {
  BodySize,
  FaultSpec,
  Pace,
  PhasesSpec,
  ReplySize,
  ResolvedScenario,
} from '../../topologies/scenario.ts';
import type { LinkShape, Site } from '../../topologies/topology.ts';
import { bitRate, duration, percent, rate, unlimited } from './units.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The scenario as YAML with every default filled in; parsing it gives an equal scenario again. */
export function scenarioYaml(scenario: ResolvedScenario): string {
  const { bus, clients, workload, phases } = scenario;
  const { reconnect } = clients;
  return stringify(
    {
      schema: scenario.schema,
      name: scenario.name,
      seed: scenario.seed,
      sites: sitesNotation(scenario.sites),
      fabric: scenario.fabric,
      links: linksNotation(scenario),
      bus: {
        type: bus.type,
        ...(bus.nodes.length > 0 ? { nodes: bus.nodes } : {}),
        ...bus.options,
      },
      guarantee: scenario.guarantee,
      servers: ifAny(scenario.servers),
      clients: {
        ...ifAny(clients),
        reconnect: {
          min: duration.format(reconnect.minMs),
          max: duration.format(reconnect.maxMs),
        },
      },
      workload: {
        pattern: workload.pattern,
        target: workload.target,
        topics: workload.topics,
        pools: workload.pools,
        pace: paceNotation(workload.pace),
        body: bodyNotation(workload.body),
        reply: replyNotation(workload.reply),
        hold: {
          mean: duration.format(workload.hold.meanMs),
          distribution: workload.hold.distribution,
        },
        timeout: duration.format(workload.timeoutMs),
      },
      phases: {
        warmup: duration.format(phases.warmupMs),
        measure: measureNotation(phases.measure),
        drain: duration.format(phases.drainMs),
      },
      faults: scenario.faults.map(faultNotation),
      expect: scenario.expect,
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

/** Without a bus there is nobody, which is the default there and cannot be written elsewhere. */
function ifAny<T extends { readonly count: number }>(peers: T): Omit<T, 'count'> {
  const { count, ...rest } = peers;
  return count === 0 ? rest : peers;
}

function sitesNotation(sites: readonly Site[]): unknown {
  if (sites.every((site) => site.hosts.length === 0)) return sites.map((site) => site.name);
  return Object.fromEntries(sites.map((site) => [site.name, { hosts: site.hosts }]));
}

/** The commonest shape is the default; what differs is a constraint, one for both directions where they agree. */
function linksNotation({ links, sites }: ResolvedScenario): Fields {
  const counts = new Map<string, number>();
  for (const link of links) counts.set(shapeKey(link), (counts.get(shapeKey(link)) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  const base = links.find((link) => counts.get(shapeKey(link)) === most);
  if (base === undefined) return { default: { delay: '0ms' } };
  const order = new Map(sites.map((site, i) => [site.name, i]));
  const byPair = new Map(links.map((link) => [`${link.from} ${link.to}`, link]));
  const constraints = links.flatMap((link): Fields[] => {
    const back = byPair.get(`${link.to} ${link.from}`);
    const symmetric = back !== undefined && shapeKey(back) === shapeKey(link);
    const isSecond = symmetric && (order.get(link.from) ?? 0) > (order.get(link.to) ?? 0);
    if (shapeKey(link) === shapeKey(base) || isSecond) return [];
    return [{ src: link.from, dst: link.to, ...linkNotation(link), symmetric }];
  });
  return { default: linkNotation(base), constraints };
}

function shapeKey({ delayMs, jitterMs, lossPercent, lossBurst, rateMbps }: LinkShape): string {
  return [delayMs, jitterMs, lossPercent, lossBurst, rateMbps].join(' ');
}

function linkNotation(shape: Partial<LinkShape>): Fields {
  const { delayMs, jitterMs, lossPercent, lossBurst, rateMbps } = shape;
  return {
    ...(delayMs === undefined ? {} : { delay: duration.format(delayMs) }),
    ...(jitterMs === undefined ? {} : { jitter: duration.format(jitterMs) }),
    ...(lossPercent === undefined ? {} : { loss: percent.format(lossPercent) }),
    ...(lossBurst === undefined ? {} : { burst: lossBurst }),
    ...(rateMbps === undefined ? {} : { rate: rateNotation(rateMbps) }),
  };
}

function rateNotation(rateMbps: number | null): string {
  return rateMbps === null ? unlimited : bitRate.format(rateMbps);
}

function paceNotation(pace: Pace): Fields {
  switch (pace.kind) {
    case 'pause':
      return { pause: duration.format(pace.pauseMs) };
    case 'inFlight':
      return { inFlight: pace.inFlight };
    case 'open': {
      const { loadPercent, arrivals: how } = pace;
      if (loadPercent !== undefined) return { load: percent.format(loadPercent), arrivals: how };
      const ramp = pace.ramp.map((step) => ({
        to: rate.format(step.toPerSecond),
        over: duration.format(step.overMs),
      }));
      const arrivals = ramp.length > 0 ? { ramp } : pace.arrivals;
      return { rate: rate.format(pace.ratePerSecond), arrivals };
    }
  }
}

function measureNotation(measure: PhasesSpec['measure']): unknown {
  if (measure.kind === 'calls') return { calls: measure.perClient };
  const { ms, afterFaultsMs } = measure;
  if (afterFaultsMs === undefined) return duration.format(ms);
  return { afterFaults: duration.format(afterFaultsMs), atMost: duration.format(ms) };
}

function bodyNotation(body: BodySize): unknown {
  switch (body.kind) {
    case 'fixed':
      return body.bytes;
    case 'uniform':
      return { min: body.minBytes, max: body.maxBytes };
    case 'weighted':
      return { file: body.file, rows: body.rows };
  }
}

function replyNotation(reply: ReplySize): unknown {
  return reply.kind === 'fixed' ? reply.bytes : reply.kind;
}

function faultNotation(fault: FaultSpec): Fields {
  const { target } = fault;
  return {
    [fault.start.kind]: duration.format(fault.start.ms),
    ...(fault.forMs === null ? {} : { for: duration.format(fault.forMs) }),
    action: fault.action,
    ...(target.kind === 'node' ? { node: target.name } : {}),
    ...(target.kind === 'each' ? { each: target.of, wait: duration.format(target.waitMs) } : {}),
    ...(fault.optional ? { optional: true } : {}),
    ...(target.kind === 'between' ? { between: target.groups, oneWay: target.oneWay } : {}),
    ...(fault.link === null ? {} : { link: linkNotation(fault.link) }),
  };
}
