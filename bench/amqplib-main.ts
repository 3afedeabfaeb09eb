import { type Channel, connect } from 'amqplib';
import { amqplibDriver } from '../agents/drivers/amqplib/amqplib.ts';
import type { AmqplibEndpoint } from '../agents/drivers/amqplib/endpoint.ts';
import type { Receiver, Sender } from '../agents/drivers/driver.ts';
import { serveCalls } from '../orchestrator/hosts/calls.ts';
import type { EndCalls } from './amqplib.ts';

// One end of the call loop of the amqplib bench: a server that echoes, or a client that keeps calls in flight.

const bodyBytes = 1024;
const queue = 'bench-plain';
const directReplyTo = 'amq.rabbitmq.reply-to';
const signal = (): AbortSignal => AbortSignal.timeout(20_000);
const options = {
  run: 'bench',
  process: 'bench',
  pattern: 'call',
  guarantee: 'at-most-once',
  connections: 'shared',
  failover: false,
  reconnect: { minMs: 100, maxMs: 1000 },
  seed: 1,
} as const;

let calls = 0;

async function plainChannel(endpoint: AmqplibEndpoint): Promise<Channel> {
  const [broker] = endpoint.brokers;
  const { username, password } = endpoint;
  const at = { hostname: broker?.host ?? '', port: broker?.port ?? 0, username, password };
  const model = await connect({ protocol: 'amqp', ...at }, { noDelay: true });
  return model.createChannel();
}

async function servePlain(endpoint: AmqplibEndpoint): Promise<void> {
  const channel = await plainChannel(endpoint);
  await channel.assertQueue(queue, { durable: false, autoDelete: true });
  await channel.consume(
    queue,
    (message) => {
      if (message) channel.publish('', message.properties.replyTo, message.content, {});
    },
    { noAck: true },
  );
}

async function callPlain(endpoint: AmqplibEndpoint, inFlight: number): Promise<void> {
  const channel = await plainChannel(endpoint);
  const call = (): void => {
    const body = Buffer.allocUnsafe(bodyBytes);
    channel.publish('', queue, body, { replyTo: directReplyTo, mandatory: true });
  };
  const onReply = (): void => {
    calls++;
    call();
  };
  await channel.consume(directReplyTo, onReply, { noAck: true });
  for (let i = 0; i < inFlight; i++) call();
}

async function serveDriver(endpoint: AmqplibEndpoint): Promise<void> {
  const session = await amqplibDriver.connect({ ...options, endpoint }, signal());
  const peer = { index: 0, name: 'server', site: 0, topic: 0, subscriber: 0 };
  let receiver: Receiver | null = null;
  const handler = {
    message: (body: Buffer, _: boolean, context: unknown) => receiver?.reply(context, body),
    connection: () => {},
    hindered: () => {},
  };
  receiver = await session.openReceiver(peer, handler, signal());
}

async function callDriver(endpoint: AmqplibEndpoint, inFlight: number): Promise<void> {
  const session = await amqplibDriver.connect({ ...options, endpoint }, signal());
  const peer = { index: 0, name: 'client', site: 0, topic: 0, server: null };
  let sender: Sender | null = null;
  const call = (): void => {
    sender?.send(Buffer.allocUnsafe(bodyBytes), calls);
  };
  const handler = {
    writable: () => {},
    accepted: () => {},
    refused: () => {},
    tooLarge: () => {},
    hindered: () => {},
    connection: () => {},
    probeReturned: () => {},
    reply: () => {
      calls++;
      call();
    },
  };
  sender = await session.openSender(peer, null, handler, signal());
  for (let i = 0; i < inFlight; i++) call();
}

serveCalls<EndCalls>({
  async open({ path, role, endpoint, inFlight }) {
    if (path === 'plain')
      await (role === 'server' ? servePlain(endpoint) : callPlain(endpoint, inFlight));
    else await (role === 'server' ? serveDriver(endpoint) : callDriver(endpoint, inFlight));
    return null;
  },
  usage() {
    const { user, system } = process.cpuUsage();
    return { calls, cpuUs: user + system };
  },
});
