import type { RttSample } from '../reports/evidence.ts';
import { formatCount } from '../reports/format.ts';
import { itemAt } from '../topologies/item-at.ts';
import type { ResolvedScenario } from '../topologies/scenario.ts';
import type { Direction, Fabric } from './fabrics/fabric.ts';
import type { Plan } from './plan/plan.ts';

/** Directions between sites that are probed together, and how often each at least. */
interface Look {
  readonly directions: readonly Direction[];
  readonly probes: number;
}

/** A direction of which much is wanted gets this many probes: its p99 then rests on two of them. */
const mostProbes = 200;
/** Enough to see that a link is not the one that was asked for. */
const leastProbes = 8;
/** Of one look in all: some 2 to 4 s. */
const probesInAll = 4_000;
/** More directions than these are sampled. */
const mostDirections = 500;

/**
 * How the idle links are looked at. A few of them all alike; of many, those that this plan sends anything over more
 * closely than the others, and where they are too many a sample that has every site in it and its nearest server.
 */
export function idleLooks(plan: Plan): readonly Look[] {
  const { scenario } = plan;
  const sites = scenario.sites.map(({ name }) => name);
  const all = sites.flatMap((from) => sites.flatMap((to) => (from === to ? [] : [{ from, to }])));
  if (all.length * mostProbes <= probesInAll || scenario.bus.type === 'none') {
    return [lookAt(all, [])];
  }
  const carries = carrierOf(plan);
  const used = all.filter(carries);
  const near = nearestServers(plan).filter(carries);
  const first = lookAt(used, near);
  const rest = spreadOver(
    all.filter((direction) => !carries(direction)),
    mostDirections - first.directions.length,
  );
  return rest.length === 0 ? [first] : [first, { directions: rest, probes: leastProbes }];
}

/** Measures one look after the other. */
export async function measureIdle(
  fabric: Fabric,
  looks: readonly Look[],
  signal: AbortSignal,
): Promise<readonly RttSample[]> {
  const samples: RttSample[] = [];
  for (const { directions, probes } of looks) {
    if (directions.length === 0) continue;
    samples.push(...(await fabric.measure(probes, signal, directions)));
  }
  return samples;
}

/** A sentence for the report when not every direction was measured, or not each alike; empty otherwise. */
export function idleNotes({ links }: ResolvedScenario, looks: readonly Look[]): readonly string[] {
  const [first, rest] = looks;
  if (first === undefined) return [];
  const measured = looks.reduce((sum, { directions }) => sum + directions.length, 0);
  if (rest === undefined && measured >= links.length) return [];
  const few =
    rest === undefined
      ? ''
      : `, and ${formatCount(rest.directions.length)} that carry nothing of this run with ${rest.probes}`;
  return [
    `Of ${formatCount(links.length)} directions between sites, ${formatCount(first.directions.length)} were measured while idle with ${first.probes} probes or more${few}.`,
  ];
}

function lookAt(directions: readonly Direction[], always: readonly Direction[]): Look {
  const chosen =
    directions.length <= mostDirections
      ? directions
      : distinct([...always, ...spreadOver(directions, mostDirections - always.length)]);
  const each = Math.floor(probesInAll / Math.max(1, chosen.length));
  return { directions: chosen, probes: Math.min(mostProbes, Math.max(leastProbes, each)) };
}

/** So many of them, spread evenly by the golden ratio: even steps would meet the same few sites again and again. */
function spreadOver(directions: readonly Direction[], count: number): readonly Direction[] {
  if (directions.length <= count) return directions;
  const golden = (Math.sqrt(5) - 1) / 2;
  return directions
    .map((direction, i) => ({ direction, turn: ((i + 1) * golden) % 1 }))
    .sort((a, b) => a.turn - b.turn)
    .slice(0, Math.max(0, count))
    .map(({ direction }) => direction);
}

function distinct(directions: readonly Direction[]): readonly Direction[] {
  return [...new Map(directions.map((d) => [`${d.from} ${d.to}`, d])).values()];
}

/** Does anything of this plan cross that direction? Between peers and nodes, and from node to node; else from peer to peer. */
function carrierOf({ scenario, clients, servers }: Plan): (direction: Direction) => boolean {
  const names = scenario.sites.map(({ name }) => name);
  const sitesOf = (peers: readonly { readonly site: number }[]): ReadonlySet<string> =>
    new Set(peers.map(({ site }) => itemAt(names, site)));
  const [calling, serving, nodes] = [
    sitesOf(clients),
    sitesOf(servers),
    new Set(scenario.bus.nodes),
  ];
  return ({ from, to }) => {
    if (nodes.size > 0) {
      return nodes.has(from)
        ? calling.has(to) || serving.has(to) || nodes.has(to)
        : nodes.has(to) && (calling.has(from) || serving.has(from));
    }
    return (calling.has(from) && serving.has(to)) || (serving.has(from) && calling.has(to));
  };
}

/** From every site that calls to the nearest other one that serves. */
function nearestServers({ scenario, clients, servers }: Plan): readonly Direction[] {
  const names = scenario.sites.map(({ name }) => name);
  const delays = new Map(scenario.links.map((link) => [`${link.from} ${link.to}`, link.delayMs]));
  const rttMs = (a: string, b: string): number =>
    (delays.get(`${a} ${b}`) ?? 0) + (delays.get(`${b} ${a}`) ?? 0);
  const serving = [...new Set(servers.map(({ site }) => itemAt(names, site)))];
  return [...new Set(clients.map(({ site }) => itemAt(names, site)))].flatMap((from) => {
    const others = serving.filter((to) => to !== from);
    const [first] = others;
    if (first === undefined) return [];
    const to = others.reduce((a, b) => (rttMs(from, b) < rttMs(from, a) ? b : a), first);
    return [{ from, to }];
  });
}
