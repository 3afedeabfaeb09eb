/**
 * A program of its own: declares, looks at and removes names on an AMQP 0-9-1 broker on behalf of the orchestrator, which
 * imports no client library. One JSON object a line, both ways, answers in any order; it ends with its stdin.
 * `endpoint` is an `AmqplibEndpoint`, credentials and all, which is why it comes by stdin.
 *
 *     {"id": 1, "name": "check", "ask": {"endpoint": {}, "replies": true}}
 *     {"id": 1, "answer": {"version": "3.10.8"}}
 *     {"id": 2, "name": "depths", "ask": {"endpoint": {}, "queues": ["a", "b"]}}
 *     {"id": 2, "answer": [0, null]}
 *     {"id": 3, "name": "remove", "ask": {"endpoint": {}, "queues": ["a"], "exchanges": ["x"]}}
 *     {"id": 3, "answer": null}
 *     {"id": 4, "name": "declare", "ask": {"endpoint": {}, "bindings": [{"exchange": "x", ...}], "queues": ["r"]}}
 *     {"id": 4, "answer": null}
 *
 * `declare` makes exchanges, queues and bindings as the endpoint says, and queues that are reached by their own name.
 * A binding without a queue is an exchange alone.
 */
import { createInterface } from 'node:readline';
import type { Channel, ChannelModel } from 'amqplib';
import {
  type Address,
  type AmqplibEndpoint,
  parseEndpoint,
} from '../../../agents/drivers/amqplib/endpoint.ts';
import { dialBroker } from '../../../agents/drivers/amqplib/link.ts';
import type { Json } from '../../../agents/protocol.ts';

interface Ask {
  readonly endpoint: Json;
  /** Whether replies will be sent. */
  readonly replies?: boolean;
  readonly queues?: readonly string[];
  readonly exchanges?: readonly string[];
  readonly bindings?: readonly (Omit<Address, 'queue'> & { readonly queue: string | null })[];
}

/** Requests on one channel wait for each other: over a long way that is what takes the time. */
const channelsAtOnce = 16;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly ask: Ask;
}

async function serve({ id, name, ask }: Request): Promise<void> {
  try {
    say({ id, answer: await answer(name, ask) });
  } catch (error) {
    const { code = 'FAILED', message } = error as NodeJS.ErrnoException;
    say({ id, error: { code: String(code), message } });
  }
}

async function answer(name: string, ask: Ask): Promise<Json> {
  const endpoint = parseEndpoint(ask.endpoint);
  const { queues = [] } = ask;
  const model = await connect(endpoint);
  try {
    if (name === 'check') {
      if (ask.replies === true) await reachDefaultExchange(model);
      return { version: model.connection.serverProperties.version };
    }
    if (name === 'depths') return await depths(model, queues);
    if (name === 'declare') await declare(model, endpoint, ask);
    else await remove(model, ask);
    return null;
  } finally {
    await model.close().catch(() => {});
  }
}

/** The first broker that answers, in the endpoint's order. */
async function connect(endpoint: AmqplibEndpoint): Promise<ChannelModel> {
  let failure: unknown;
  for (const broker of endpoint.brokers) {
    try {
      const model = await dialBroker(endpoint, broker, 'busbench administration');
      // The error is told by whatever was being asked.
      model.on('error', () => {});
      return model;
    } catch (error) {
      failure = error;
    }
  }
  // amqplib keeps the broker's reason to itself: at this stage it can be nothing but the virtual host.
  if (failure instanceof Error && failure.message.startsWith('Expected ConnectionOpenOk')) {
    throw new Error('no such virtual host, or not for this user', { cause: failure });
  }
  throw failure;
}

/** Messages ready in each queue; null for one that does not exist, which costs the channel that asked. */
async function depths(model: ChannelModel, queues: readonly string[]): Promise<(number | null)[]> {
  const found: (number | null)[] = [];
  let channel = await model.createChannel();
  channel.on('error', () => {});
  for (const queue of queues) {
    try {
      found.push((await channel.checkQueue(queue)).messageCount);
    } catch {
      found.push(null);
      channel = await model.createChannel();
      channel.on('error', () => {});
    }
  }
  return found;
}

/** Replies go there. A user may have rights to all of our names and none to it, and a refusal comes by the channel. */
async function reachDefaultExchange(model: ChannelModel): Promise<void> {
  const channel = await model.createChannel();
  let refusal: unknown = null;
  channel.on('error', (error) => {
    refusal = error;
  });
  channel.publish('', 'busbench.check', Buffer.alloc(0));
  // What was published before is judged before this is answered.
  await channel.prefetch(1).catch(() => {});
  if (refusal !== null) throw refusal;
  await channel.close();
}

async function declare(model: ChannelModel, endpoint: AmqplibEndpoint, ask: Ask): Promise<void> {
  const { bindings = [], queues = [] } = ask;
  const { durable, arguments: args } = endpoint.queues;
  await onChannels(model, bindings, async (channel, { exchange, kind, queue, key }) => {
    await channel.assertExchange(exchange, kind, endpoint.exchanges);
    if (queue === null) return;
    await channel.assertQueue(queue, { durable, arguments: args });
    await channel.bindQueue(queue, exchange, key);
  });
  await onChannels(model, queues, async (channel, queue) => {
    await channel.assertQueue(queue, { durable, arguments: args });
  });
}

/** Names that do not exist are no mistake. */
async function remove(model: ChannelModel, { queues = [], exchanges = [] }: Ask): Promise<void> {
  await onChannels(model, queues, async (channel, queue) => {
    await channel.deleteQueue(queue);
  });
  await onChannels(model, exchanges, async (channel, exchange) => {
    await channel.deleteExchange(exchange);
  });
}

async function onChannels<T>(
  model: ChannelModel,
  items: readonly T[],
  each: (channel: Channel, item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const lanes = Array.from({ length: Math.min(channelsAtOnce, items.length) }, async () => {
    const channel = await model.createChannel();
    channel.on('error', () => {});
    for (const item of rest) await each(channel, item);
    await channel.close();
  });
  await Promise.all(lanes);
}

function say(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void serve(JSON.parse(line) as Request));
lines.on('close', () => process.exit(0));
// Ctrl-C is for whoever started us, who still has names to remove.
process.on('SIGINT', () => {});
