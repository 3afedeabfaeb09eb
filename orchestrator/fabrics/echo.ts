import type { RttSample } from '../../reports/evidence.ts';
import { FabricError } from '../errors.ts';
import { Attendant } from '../hosts/attendant.ts';
import type { Host } from '../hosts/host.ts';
import { ResourceStack } from '../processes/resource-stack.ts';
import type { EchoCalls } from './echo-protocol.ts';
import type { Direction, Endpoint, Fabric } from './fabric.ts';

/** One echo process: where it runs, and for which hosts it answers and sends probes. */
interface EchoCrew {
  readonly host: Host;
  readonly answersFor: readonly Host[];
  readonly probesFor: readonly Host[];
}

export interface EchoOptions {
  readonly crews: readonly EchoCrew[];
  /** Ways to the echo ports; like those of the fabric, but their bytes need not count as traffic. */
  readonly route: Fabric['route'];
  readonly unroute: Fabric['unroute'];
  /** Of sites; absent for every two of them. */
  readonly directions?: readonly Direction[];
  /** To each pair at least; more where `minSpanMs` asks for a longer look. */
  readonly probes: number;
  readonly minSpanMs: number;
  /** The longest round trip that is still waited for. */
  readonly timeoutMs: number;
  /** Most probes a second to one pair, where more would fill a slow link. */
  readonly pairProbesPerSecond?: number;
  /** Where packets can be lost: datagrams tell round trips and losses, and TCP is only seen to agree. */
  readonly datagrams?: {
    readonly probes: number;
    /** How long to wait for the last ones before they count as lost. */
    readonly stragglersMs: number;
    /** Most TCP probes a second to one pair: more than a new connection's window would wait for it, not for the link. */
    readonly streamProbesPerSecond: number;
  };
  readonly logFile: string;
}

/** Enough that neither the relay nor the machine naps between two probes, little enough to be no load. */
const minProbesPerSecond = 1_000;
const maxProbesPerSecond = 2_000;
/** Probes that are sent first and not reported, over all pairs: the code of echo and relay gets warm. */
const warmUpsInAll = 500;
const leastWarmUps = 2;

/**
 * Round trips of every ordered pair of hosts at different sites, all pairs in turn, over the fabric's own routes, by
 * processes that do nothing else. Probes wait for no answer, so that long paths are as busy as short ones.
 */
export async function measureRoundTrips(
  options: EchoOptions,
  signal: AbortSignal,
): Promise<RttSample[]> {
  const routes: [Host, Host, number][] = [];
  await using resources = new ResourceStack();
  resources.defer(async () => {
    await Promise.allSettled(routes.map((route) => options.unroute(...route)));
  });
  try {
    signal.throwIfAborted();
    const crews: (EchoCrew & { readonly echo: Echo })[] = [];
    for (const crew of options.crews) {
      crews.push({ ...crew, echo: resources.use(await start(crew, options)) });
    }
    const isWanted = wantedBy(options);
    const ports = new Map<Host, number>();
    for (const { echo, answersFor } of crews) {
      for (const host of answersFor) {
        if (!isWanted(null, host)) continue;
        const datagrams = options.datagrams !== undefined;
        const { address } = host;
        ports.set(host, await echo.ask('serve', { address, datagrams }, { signal }));
      }
    }
    const pairs = crews.flatMap(({ echo, probesFor }) =>
      probesFor.flatMap((from) =>
        [...ports].flatMap(([to, port]) => (isWanted(from, to) ? [{ echo, from, to, port }] : [])),
      ),
    );
    const legs = await Promise.all(
      pairs.map(async (pair) => {
        routes.push([pair.from, pair.to, pair.port]);
        return { ...pair, target: await options.route(pair.from, pair.to, pair.port) };
      }),
    );
    const samples = crews.map(({ echo }) => probeAll(echo, legs, options, signal));
    return (await Promise.all(samples)).flat();
  } catch (error) {
    signal.throwIfAborted();
    throw new FabricError(
      'FABRIC_MEASURE_FAILED',
      `round trips between the sites could not be measured: ${String(error instanceof Error ? error.message : error)}`,
      `See ${options.logFile}; a link that is cut cannot be measured.`,
      { cause: error },
    );
  }
}

/** Whether probes go from one host to the other; from null: from any. */
function wantedBy({ directions }: EchoOptions): (from: Host | null, to: Host) => boolean {
  const targets = new Set(directions?.map(({ to }) => to));
  const wanted = new Set(directions?.map(({ from, to }) => `${from} ${to}`));
  return (from, to) => {
    if (from === null) return !directions || targets.has(to.site);
    return from.site !== to.site && (!directions || wanted.has(`${from.site} ${to.site}`));
  };
}

/** To each pair. */
function warmUpsOf(pairs: number): number {
  return Math.max(leastWarmUps, Math.ceil(warmUpsInAll / pairs));
}

type Echo = Attendant<EchoCalls>;

/** What a call may take beyond what it was asked to wait. */
const slackMs = 30_000;

function start({ host }: EchoCrew, { logFile }: EchoOptions): Promise<Echo> {
  return Attendant.start<EchoCalls>(host, {
    program: 'orchestrator/fabrics/echo-main',
    logFile,
    answerMs: slackMs,
    failed: ({ how }) => new Error(`the echo process on ${host.name}: ${how}`),
  });
}

/** One ordered pair, and whose process probes it. */
interface Leg {
  readonly echo: Echo;
  readonly from: Host;
  readonly to: Host;
  readonly target: Endpoint;
}

async function probeAll(
  echo: Echo,
  legs: readonly Leg[],
  options: EchoOptions,
  signal: AbortSignal,
): Promise<RttSample[]> {
  const mine = legs.filter((leg) => leg.echo === echo);
  if (mine.length === 0) return [];
  const streams = await probeStreams(echo, mine, legs.length, options, signal);
  if (options.datagrams === undefined) {
    return mine.map((leg, i) => ({ ...sampleOf(leg, streams[i] ?? []), lostProbes: null }));
  }
  const { probes, stragglersMs } = options.datagrams;
  const perSecond = pairRate(options, 2 * totalRate(legs.length), legs.length);
  const order = {
    targets: mine.map(({ target }) => target),
    probes: Math.max(probes, Math.ceil((options.minSpanMs / 1e3) * perSecond)),
    warmUps: warmUpsOf(legs.length),
    probesPerSecond: perSecond * mine.length,
    stragglersMs,
  };
  const ms = spanMs(order, perSecond) + stragglersMs + slackMs;
  const answer = await echo.ask('probeDatagrams', order, { ms, signal });
  return mine.map((leg, i) => {
    const { rttsUs, lost } = answer[i] ?? { rttsUs: [], lost: 0 };
    const sample = sampleOf(leg, rttsUs);
    const stream = sampleOf(leg, streams[i] ?? []);
    // Losses hold TCP up by design; without them whichever is slower counts, should the fabric treat one better.
    const rttP50Ms = lost === 0 ? Math.max(sample.rttP50Ms, stream.rttP50Ms) : sample.rttP50Ms;
    const rttP99Ms = Math.max(rttP50Ms, sample.rttP99Ms);
    return { ...sample, rttP50Ms, rttP99Ms, probes: rttsUs.length + lost, lostProbes: lost };
  });
}

/** Enough for a median that agrees with that of the datagrams, or does not. */
const agreementProbes = 25;

async function probeStreams(
  echo: Echo,
  mine: readonly Leg[],
  pairs: number,
  options: EchoOptions,
  signal: AbortSignal,
): Promise<readonly (readonly number[])[]> {
  const { datagrams } = options;
  const most = datagrams?.streamProbesPerSecond ?? Number.POSITIVE_INFINITY;
  const perSecond = Math.min(most, pairRate(options, totalRate(pairs), pairs));
  const wanted = Math.max(options.probes, Math.ceil((options.minSpanMs / 1e3) * perSecond));
  const probes = datagrams === undefined ? wanted : Math.min(wanted, agreementProbes);
  const order = {
    targets: mine.map(({ target }) => target),
    probes,
    warmUps: datagrams === undefined ? warmUpsOf(pairs) : leastWarmUps,
    probesPerSecond: perSecond * mine.length,
    timeoutMs: Math.ceil(options.timeoutMs + (probes / perSecond) * 1e3),
  };
  // First the warm-up, then what counts: each may take until its own timeout.
  const ms = 2 * (spanMs(order, perSecond) + order.timeoutMs) + slackMs;
  return echo.ask('probe', order, { ms, signal });
}

/** How long all probes of an order take to go out, at so many a second to each target. */
function spanMs(
  { probes, warmUps }: { readonly probes: number; readonly warmUps: number },
  perSecond: number,
): number {
  return ((probes + warmUps) / perSecond) * 1e3;
}

/** Probes a second to one pair, of a total for all. */
function pairRate(options: EchoOptions, total: number, pairs: number): number {
  return Math.min(total / pairs, options.pairProbesPerSecond ?? Number.POSITIVE_INFINITY);
}

/** Probes a second to all pairs together. */
function totalRate(pairs: number): number {
  return Math.min(maxProbesPerSecond, Math.max(minProbesPerSecond, 50 * pairs));
}

function sampleOf({ from, to }: Leg, rttsUs: readonly number[]): Omit<RttSample, 'lostProbes'> {
  const sortedUs = rttsUs.toSorted((a, b) => a - b);
  return {
    from: from.site,
    to: to.site,
    rttMinMs: quantile(sortedUs, 0) / 1e3,
    rttP50Ms: quantile(sortedUs, 0.5) / 1e3,
    rttP99Ms: quantile(sortedUs, 0.99) / 1e3,
    probes: rttsUs.length,
  };
}

/** The nearest rank; NaN when there is nothing to rank. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
