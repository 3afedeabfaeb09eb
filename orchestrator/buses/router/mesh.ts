import { BusError } from '../../errors.ts';
import { sleep } from '../../processes/waiting.ts';
import { edgeConnected, type NodeView, parseAddresses, parseNodes } from './entities.ts';
import { cheapestCosts, type WeightedEdge } from './graph.ts';
import type { RouterNode } from './node.ts';

const pollMs = 50;
const convergeMs = 60_000;
const spreadMs = 60_000;

/** What a router must see of an address before its clients may send there. */
export interface ExpectedAddress {
  readonly router: RouterNode;
  readonly address: string;
  /** Receivers attached here, and routers elsewhere that have some. */
  readonly subscribers: number;
  readonly remotes: number;
}

/** Waits until every running router sees every other running one at the expected cost. */
export async function waitConverged(
  nodes: readonly RouterNode[],
  interior: readonly WeightedEdge[],
  signal: AbortSignal,
): Promise<void> {
  const running = nodes.filter((node) => node.running);
  const names = new Set(running.map((node) => node.name));
  const edges = interior.filter(({ from, to }) => names.has(from) && names.has(to));
  const look = async (): Promise<readonly string[]> =>
    (await Promise.all(running.map((node) => unconverged(node, edges, signal)))).flat();
  await waitForNone(look, convergeMs, signal, (missing) => {
    return new BusError(
      'ROUTER_NOT_CONVERGED',
      `expected every router to see every other within ${convergeMs / 1e3} s, got: ${missing.slice(0, 3).join('; ')}`,
      'Look at the logs of these routers; a link that is cut or very lossy keeps a mesh from forming.',
    );
  });
}

async function unconverged(
  node: RouterNode,
  edges: readonly WeightedEdge[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { mode } = node.plan;
  if (mode === 'standalone') return [];
  if (mode === 'edge') {
    const answer = await node.query('connection', signal);
    return answer !== null && edgeConnected(answer.rows) ? [] : [`${node.name} has no uplink`];
  }
  const answer = await node.query('node', signal);
  if (answer === null) return [`${node.name} does not answer`];
  return unseen(node.name, parseNodes(answer.rows), edges);
}

/** What `name` does not see as it should; empty once it has converged. */
export function unseen(
  name: string,
  views: readonly NodeView[],
  edges: readonly WeightedEdge[],
): readonly string[] {
  const byId = new Map(views.map((view) => [view.id, view]));
  const missing: string[] = [];
  for (const [other, cost] of cheapestCosts(name, edges)) {
    const view = byId.get(other);
    if (view === undefined) missing.push(`${name} does not see ${other}`);
    else if (!view.reachable) missing.push(`${name} has no way to ${other}`);
    else if (view.cost !== cost) {
      missing.push(`${name} sees ${other} at cost ${view.cost}, expected ${cost}`);
    }
  }
  return missing;
}

/** Waits until each address has spread to each router that will send to it. `part` is in every address. */
export async function waitSpread(
  expected: readonly ExpectedAddress[],
  part: string,
  signal: AbortSignal,
): Promise<void> {
  const look = async (): Promise<readonly string[]> => {
    const routers = [...new Set(expected.map(({ router }) => router))];
    const seen = new Map(
      await Promise.all(
        routers.map(async (router) => {
          const answer = await router.query('address', signal);
          const views = answer === null ? [] : parseAddresses(answer.rows, part);
          return [router, new Map(views.map((view) => [view.address, view]))] as const;
        }),
      ),
    );
    return expected.flatMap(({ router, address, subscribers, remotes }) => {
      const view = seen.get(router)?.get(address);
      const here = view?.subscriberCount ?? 0;
      const there = view?.remoteCount ?? 0;
      if (here >= subscribers && there >= remotes) return [];
      const want = `${subscribers} receivers here and ${remotes} routers with more`;
      return [`${router.name}: ${address}: expected ${want}, got ${here} and ${there}`];
    });
  };
  await waitForNone(look, spreadMs, signal, (missing) => {
    return new BusError(
      'ROUTER_ADDRESS_NOT_SPREAD',
      `after ${spreadMs / 1e3} s ${missing.length} addresses have not spread: ${missing.slice(0, 3).join('; ')}`,
      'Are all servers attached, and is every inter-router link up? See the logs of the routers.',
    );
  });
}

/** Waits until no receiver of the addresses that contain `part` is attached anywhere. */
export async function waitDeserted(
  nodes: readonly RouterNode[],
  part: string,
  signal: AbortSignal,
): Promise<void> {
  const look = async (): Promise<readonly string[]> => {
    const answers = await Promise.all(nodes.map((node) => node.query('address', signal)));
    const views = answers.flatMap((answer) => parseAddresses(answer?.rows ?? [], part));
    return views
      .filter((view) => view.subscriberCount + view.remoteCount > 0)
      .map((view) => view.address);
  };
  await waitForNone(look, spreadMs, signal, (left) => {
    return new BusError(
      'ROUTER_NOT_EMPTY',
      `after ${spreadMs / 1e3} s ${left.length} addresses of the last bench still have receivers: ${left.slice(0, 3).join(', ')}`,
      'An agent of that bench may have survived; destroy the deployment and deploy again.',
    );
  });
}

async function waitForNone(
  look: () => Promise<readonly string[]>,
  timeoutMs: number,
  signal: AbortSignal,
  late: (missing: readonly string[]) => BusError,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const missing = await look();
    if (missing.length === 0) return;
    if (performance.now() > deadline) throw late(missing);
    await sleep(pollMs, signal);
  }
}
