import type { Introduction, RheaAddresses } from '../../../agents/drivers/rhea/endpoint.ts';
import type { ExternalOptions } from '../../../topologies/buses/external.ts';
import { type Pattern, patterns } from '../../../topologies/patterns.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';

/** How a peer wants its addresses: as the scenario says, as its product does, or oslo.messaging's routable ones. */
export type Dialect = 'given' | 'rabbitmq' | 'activemq' | 'oslo' | 'unknown';

const dialects: Readonly<Record<string, Dialect>> = {
  RabbitMQ: 'rabbitmq',
  ActiveMQ: 'activemq',
  'qpid-dispatch-router': 'oslo',
  'skupper-router': 'oslo',
};

export function dialectOf({ product }: Introduction, { addresses }: ExternalOptions): Dialect {
  return addresses === null ? (dialects[product] ?? 'unknown') : 'given';
}

/** Why this peer cannot do what the scenario asks, and what to do; null when it can. */
export function unfit(
  { product }: Introduction,
  dialect: Dialect,
  options: ExternalOptions,
  { pools }: ResolvedScenario['workload'],
): { readonly why: string; readonly hint: string } | null {
  const vhosts = Object.values(options.endpoints).flatMap((list) => list.map(({ vhost }) => vhost));
  const [vhost] = vhosts.filter((name) => name !== '/');
  if (vhost !== undefined && product !== 'RabbitMQ') {
    const hint = 'Leave the path out of the URL.';
    return { why: `it has no virtual hosts; got ${vhost}`, hint };
  }
  if (dialect === 'unknown') {
    // A guess may work and be wrong: what one takes for a queue gives another a copy for everybody.
    const hint = 'Say by bus.addresses where servers receive and clients send.';
    return { why: 'busbench does not know its addresses', hint };
  }
  if (options.queues !== 'classic' && dialect !== 'rabbitmq') {
    const hint = 'Leave queues out: only RabbitMQ has kinds of them.';
    return { why: `it has no ${options.queues} queues`, hint };
  }
  if (dialect !== 'oslo' || pools === 1) return null;
  const hint = 'Use one pool, or say by bus.addresses how this peer separates pools.';
  return { why: `it has no listener pools; got ${pools}`, hint };
}

const queue = 'queue://busbench.{run}.topic-{topic}';
const copies = 'topic://busbench.{run}.topic-{topic}_fanout';
/** A broker's virtual topic: what is sent there goes to every queue `Consumer.<name>.<topic>`. */
const virtual = 'VirtualTopic.busbench.{run}.topic-{topic}';

/** ActiveMQ Classic makes queues and topics as they are used, and a temporary queue for a dynamic node. */
export function activemqAddresses(pattern: Pattern): RheaAddresses {
  switch (patterns[pattern].copies) {
    case 'one': {
      const own = `${queue}.server-{server}`;
      return { receive: [queue, own], send: queue, sendOne: own, reply: null };
    }
    case 'server':
      return { receive: [copies], send: copies, sendOne: null, reply: null };
    case 'pool': {
      const receive = [`queue://Consumer.pool-{pool}.${virtual}`];
      return { receive, send: `topic://${virtual}`, sendOne: null, reply: null };
    }
  }
}
