/**
 * A program of its own: looks at and removes names on an AMQP 0-9-1 broker on behalf of the orchestrator, which
 * imports no client library. One JSON object a line, both ways, answers in any order; it ends with its stdin.
 * `endpoint` is an `AmqplibEndpoint`, credentials and all, which is why it comes by stdin.
 *
 *     {"id": 1, "name": "check", "ask": {"endpoint": {}}}
 *     {"id": 1, "answer": {"version": "3.10.8"}}
 *     {"id": 2, "name": "depths", "ask": {"endpoint": {}, "queues": ["a", "b"]}}
 *     {"id": 2, "answer": [0, null]}
 *     {"id": 3, "name": "remove", "ask": {"endpoint": {}, "queues": ["a"], "exchanges": ["x"]}}
 *     {"id": 3, "answer": null}
 */
import { createInterface } from 'node:readline';
import type { ChannelModel } from 'amqplib';
import type { Json } from '../protocol.ts';
import { type AmqplibEndpoint, parseEndpoint } from './amqplib-endpoint.ts';
import { dialBroker } from './amqplib-link.ts';

interface Ask {
  readonly endpoint: Json;
  readonly queues?: readonly string[];
  readonly exchanges?: readonly string[];
}

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

async function answer(name: string, { endpoint, queues = [], exchanges = [] }: Ask): Promise<Json> {
  const model = await connect(parseEndpoint(endpoint));
  try {
    if (name === 'check') return { version: model.connection.serverProperties.version };
    if (name === 'depths') return await depths(model, queues);
    await remove(model, queues, exchanges);
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

/** Names that do not exist are no mistake. */
async function remove(
  model: ChannelModel,
  queues: readonly string[],
  exchanges: readonly string[],
): Promise<void> {
  const channel = await model.createChannel();
  channel.on('error', () => {});
  for (const queue of queues) await channel.deleteQueue(queue);
  for (const exchange of exchanges) await channel.deleteExchange(exchange);
}

function say(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void serve(JSON.parse(line) as Request));
lines.on('close', () => process.exit(0));
// Ctrl-C is for whoever started us, who still has names to remove.
process.on('SIGINT', () => {});
