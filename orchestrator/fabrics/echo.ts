import type { RttSample } from '../../reports/evidence.ts';
import { FabricError } from '../errors.ts';
import type { Host, HostProcess } from '../hosts/host.ts';
import { programPath } from '../program.ts';
import type { EchoCalls } from './echo-protocol.ts';
import type { Endpoint, Fabric } from './fabric.ts';
import { RequestLine } from './request-line.ts';

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
  /** To each pair at least; more where `minSpanMs` asks for a longer look. */
  readonly probes: number;
  readonly minSpanMs: number;
  /** The longest round trip that is still waited for. */
  readonly timeoutMs: number;
  readonly logFile: string;
}

/** Enough that neither the relay nor the machine naps between two probes, little enough to be no load. */
const minProbesPerSecond = 1_000;
const maxProbesPerSecond = 2_000;
const warmUps = 10;

/**
 * Round trips of every ordered pair of hosts at different sites, all pairs in turn, over the fabric's own routes, by
 * processes that do nothing else. Probes wait for no answer, so that long paths are as busy as short ones.
 */
export async function measureRoundTrips(
  options: EchoOptions,
  signal: AbortSignal,
): Promise<RttSample[]> {
  const running: HostProcess[] = [];
  const routes: [Host, Host, number][] = [];
  const stop = (): void => {
    for (const process of running) void process.signal('SIGKILL');
  };
  signal.addEventListener('abort', stop);
  try {
    signal.throwIfAborted();
    const crews: (EchoCrew & { readonly line: Line })[] = [];
    for (const crew of options.crews) {
      crews.push({ ...crew, line: await start(crew, options, running) });
    }
    const ports = new Map<Host, number>();
    for (const { line, answersFor } of crews) {
      for (const host of answersFor) {
        ports.set(host, await line.request('serve', { address: host.address }));
      }
    }
    const pairs = crews.flatMap(({ line, probesFor }) =>
      probesFor.flatMap((from) =>
        [...ports].flatMap(([to, port]) =>
          from.site === to.site ? [] : [{ line, from, to, port }],
        ),
      ),
    );
    const legs = await Promise.all(
      pairs.map(async (pair) => {
        routes.push([pair.from, pair.to, pair.port]);
        return { ...pair, target: await options.route(pair.from, pair.to, pair.port) };
      }),
    );
    return (await Promise.all(crews.map(({ line }) => probeAll(line, legs, options)))).flat();
  } catch (error) {
    signal.throwIfAborted();
    throw new FabricError(
      'FABRIC_MEASURE_FAILED',
      `round trips between the sites could not be measured: ${String(error instanceof Error ? error.message : error)}`,
      `See ${options.logFile}; a link that is cut cannot be measured.`,
      { cause: error },
    );
  } finally {
    signal.removeEventListener('abort', stop);
    await Promise.allSettled(routes.map((route) => options.unroute(...route)));
    await Promise.all(running.map((process) => process.end(1_000)));
  }
}

type Line = RequestLine<EchoCalls>;

async function start(crew: EchoCrew, options: EchoOptions, running: HostProcess[]): Promise<Line> {
  const echo = await crew.host.spawn(
    [process.execPath, programPath('orchestrator/fabrics/echo-main')],
    {
      stdio: 'pipe',
      logFile: options.logFile,
    },
  );
  running.push(echo);
  return new RequestLine(
    echo,
    (how) => new Error(`the echo process on ${crew.host.name} ended: ${how}`),
  );
}

async function probeAll(
  line: Line,
  legs: readonly {
    readonly line: Line;
    readonly from: Host;
    readonly to: Host;
    readonly target: Endpoint;
  }[],
  options: EchoOptions,
): Promise<RttSample[]> {
  const mine = legs.filter((leg) => leg.line === line);
  if (mine.length === 0) return [];
  const share = mine.length / legs.length;
  const probesPerSecond =
    share * Math.min(maxProbesPerSecond, Math.max(minProbesPerSecond, 50 * legs.length));
  const perSecond = probesPerSecond / mine.length;
  const probes = Math.max(options.probes, Math.ceil((options.minSpanMs / 1e3) * perSecond));
  const results = await line.request('probe', {
    targets: mine.map(({ target }) => target),
    probes,
    warmUps,
    probesPerSecond,
    timeoutMs: options.timeoutMs + (probes / perSecond) * 1e3,
  });
  return mine.map(({ from, to }, index) => {
    const sortedUs = (results[index] ?? []).toSorted((a, b) => a - b);
    return {
      from: from.site,
      to: to.site,
      rttMinMs: quantile(sortedUs, 0) / 1e3,
      rttP50Ms: quantile(sortedUs, 0.5) / 1e3,
      rttP99Ms: quantile(sortedUs, 0.99) / 1e3,
      probes,
      lostProbes: null,
    };
  });
}

/** The nearest rank; NaN when there is nothing to rank. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
