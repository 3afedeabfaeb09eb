import type { Channel, ChannelModel } from 'amqplib';
import type { AmqplibEndpoint } from '../../../agents/drivers/amqplib/endpoint.ts';
import { dialBroker } from '../../../agents/drivers/amqplib/link.ts';
import { brokerWords } from '../../../agents/drivers/amqplib/words.ts';
import { serveCalls } from '../../hosts/calls.ts';
import type { NameCalls } from './name-calls.ts';

// A program of its own: declares, looks at and removes names on an AMQP 0-9-1 broker on behalf of the orchestrator, which
// imports no client library. Endpoints hold credentials, which is why they come by stdin.

/** Requests on one channel wait for each other: over a long way that is what takes the time. */
const channelsAtOnce = 16;

/** Works on a connection of its own. */
async function connected<T>(
  endpoint: AmqplibEndpoint,
  work: (model: ChannelModel) => Promise<T>,
): Promise<T> {
  const model = await connect(endpoint);
  try {
    return await work(model);
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
  throw new Error(brokerWords(failure), { cause: failure });
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

async function declare(
  model: ChannelModel,
  { endpoint, bindings, queues }: NameCalls['declare']['ask'],
): Promise<void> {
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

async function remove(
  model: ChannelModel,
  { queues, exchanges }: NameCalls['remove']['ask'],
): Promise<void> {
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

serveCalls<NameCalls>({
  check: ({ endpoint, replies }) =>
    connected(endpoint, async (model) => {
      if (replies) await reachDefaultExchange(model);
      return { version: model.connection.serverProperties.version };
    }),
  declare: (ask) =>
    connected(ask.endpoint, async (model) => {
      await declare(model, ask);
      return null;
    }),
  depths: ({ endpoint, queues }) => connected(endpoint, (model) => depths(model, queues)),
  remove: (ask) =>
    connected(ask.endpoint, async (model) => {
      await remove(model, ask);
      return null;
    }),
});
// Ctrl-C is for whoever started us, who still has names to remove.
process.on('SIGINT', () => {});
