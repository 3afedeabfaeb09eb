import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Duplex } from 'node:stream';
import type { Channel, ChannelModel } from 'amqplib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FramedWire } from '../../../../agents/drivers/amqplib/framed-wire.ts';
import type { Delivery, PortListener } from '../../../../agents/drivers/amqplib/port.ts';

type Fields = { readonly [name: string]: unknown };

/** amqplib's own encoder, which it does not export. */
interface Encoder {
  readonly BasicPublish: number;
  readonly BasicDeliver: number;
  readonly BasicReturn: number;
  readonly BasicAck: number;
  readonly BasicNack: number;
  readonly BasicProperties: number;
  encodeMethod(id: number, channel: number, fields: Fields): Buffer;
  encodeProperties(id: number, channel: number, bytes: number, fields: Fields): Buffer;
}

const load = createRequire(import.meta.url);
const library = dirname(load.resolve('amqplib'));
const amqp = load(join(library, 'lib/defs.js')) as Encoder;
const { makeBodyFrame } = load(join(library, 'lib/frame.js')) as {
  makeBodyFrame(channel: number, payload: Buffer): Buffer;
};
const { Connection } = load(join(library, 'lib/connection.js')) as {
  Connection: new (stream: Duplex) => EventEmitter & { frameMax: number; maxFrameSize: number };
};

/** What the listener of a channel was told. */
interface Heard {
  readonly delivered: { readonly body: Buffer; readonly delivery: Delivery }[];
  readonly returned: { readonly id: string; readonly reason: string }[];
  readonly confirmed: {
    readonly tag: number;
    readonly multiple: boolean;
    readonly positive: boolean;
  }[];
}

/** The framing on amqplib's own connection, over a stream whose other end is the test. */
function opened(frameMax: number, channel: number) {
  const written: Buffer[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      // Slabs are used again once they are out.
      written.push(Buffer.from(chunk));
      done();
    },
  });
  const connection = new Connection(stream);
  connection.frameMax = frameMax;
  const errors: unknown[] = [];
  connection.on('frameError', (error) => errors.push(error));
  const model = Object.assign(new EventEmitter(), { connection });
  const heard: Heard = { delivered: [], returned: [], confirmed: [] };
  const listener: PortListener = {
    delivered: (body, delivery) => heard.delivered.push({ body, delivery }),
    returned: (id, reason) => heard.returned.push({ id, reason }),
    confirmed: (tag, multiple, positive) => heard.confirmed.push({ tag, multiple, positive }),
    room() {},
  };
  const wire = new FramedWire(model as unknown as ChannelModel, (members) => errors.push(members));
  const port = wire.open({ ch: channel } as unknown as Channel, true, listener);
  const read = async (bytes: Buffer, cuts: readonly number[]): Promise<void> => {
    const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
    let from = 0;
    for (const end of ends.sort((a, b) => a - b)) {
      // A chunk of its own each: what is pushed together may be read together.
      if (end > from) stream.emit('data', bytes.subarray(from, end));
      from = end;
    }
    await new Promise((turn) => setImmediate(turn));
  };
  return { port, heard, errors, written, read };
}

const channels = fc.integer({ min: 1, max: 65_535 });
const name = fc
  .string({ unit: 'binary', maxLength: 60 })
  .filter((text) => Buffer.byteLength(text) < 256);
const frameMaxes = fc.integer({ min: 4096, max: 140_000 });
const tags = fc.maxSafeNat();
/** Sizes about the borders that matter: none, one frame, several, and what is written uncopied. */
const bodies = fc
  .oneof(fc.nat(300), fc.integer({ min: 4000, max: 17_000 }), fc.nat(300_000))
  .map((bytes) => ({ bytes }));

/** Every byte tells where it is, as far as one can. */
function bodyOf({ bytes }: { readonly bytes: number }): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, at) => at * 7 + (at >> 8)));
}

const cuts = fc.array(fc.nat(1_000_000), { maxLength: 12 });
const table = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.oneof(name, fc.integer(), fc.boolean()),
);
const properties = fc.record(
  {
    contentType: name,
    contentEncoding: name,
    headers: table,
    deliveryMode: fc.constantFrom(1, 2),
    priority: fc.nat(9),
    correlationId: name,
    replyTo: name,
    expiration: name,
    timestamp: fc.nat(2 ** 31),
    type: name,
    appId: name,
  },
  { requiredKeys: [] },
);

/** A message as amqplib would write it. */
function content(channel: number, frameMax: number, fields: Fields, body: Buffer): Buffer {
  const frames = [amqp.encodeProperties(amqp.BasicProperties, channel, body.length, fields)];
  for (let at = 0; at < body.length; at += frameMax - 8) {
    frames.push(makeBodyFrame(channel, body.subarray(at, at + frameMax - 8)));
  }
  return Buffer.concat(frames);
}

test('what amqplib encodes is read, whatever its properties, size and chunks', async () => {
  const delivered = fc.record({
    kind: fc.constant('deliver' as const),
    tag: tags,
    redelivered: fc.boolean(),
    names: fc.tuple(name, name, name),
    properties,
    offset: fc.option(fc.maxSafeNat(), { nil: null }),
    body: bodies,
  });
  const returned = fc.record({
    kind: fc.constant('return' as const),
    replyCode: fc.nat(65_535),
    replyText: name,
    names: fc.tuple(name, name),
    properties,
    messageId: fc.option(fc.maxSafeNat(), { nil: null }),
    body: bodies,
  });
  const confirmed = fc.record({
    kind: fc.constant('confirm' as const),
    tag: tags,
    multiple: fc.boolean(),
    positive: fc.boolean(),
    requeue: fc.boolean(),
  });
  const messages = fc.array(fc.oneof(delivered, returned, confirmed), {
    minLength: 1,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(channels, frameMaxes, messages, cuts, async (channel, frameMax, sent, at) => {
      const { heard, errors, read, written, port } = opened(frameMax, channel);
      const frames = sent.map((it) => {
        if (it.kind === 'deliver') {
          const [consumerTag, exchange, routingKey] = it.names;
          const offset =
            it.offset === null ? {} : { 'x-stream-offset': { '!': 'int64', value: it.offset } };
          const own = { ...it.properties, headers: { ...it.properties.headers, ...offset } };
          const method = amqp.encodeMethod(amqp.BasicDeliver, channel, {
            consumerTag,
            deliveryTag: it.tag,
            redelivered: it.redelivered,
            exchange,
            routingKey,
          });
          return Buffer.concat([method, content(channel, frameMax, own, bodyOf(it.body))]);
        }
        if (it.kind === 'return') {
          const [exchange, routingKey] = it.names;
          const { replyCode, replyText } = it;
          const id = it.messageId === null ? {} : { messageId: String(it.messageId) };
          const method = amqp.encodeMethod(amqp.BasicReturn, channel, {
            replyCode,
            replyText,
            exchange,
            routingKey,
          });
          const own = { ...it.properties, ...id };
          return Buffer.concat([method, content(channel, frameMax, own, bodyOf(it.body))]);
        }
        const { tag: deliveryTag, multiple, requeue } = it;
        return it.positive
          ? amqp.encodeMethod(amqp.BasicAck, channel, { deliveryTag, multiple })
          : amqp.encodeMethod(amqp.BasicNack, channel, { deliveryTag, multiple, requeue });
      });
      await read(Buffer.concat(frames), at);
      expect(errors).toEqual([]);

      const deliveries = sent.filter((it) => it.kind === 'deliver');
      expect(heard.delivered.length).toBe(deliveries.length);
      for (const [i, { body, delivery }] of heard.delivered.entries()) {
        const was = deliveries[i];
        if (was === undefined) continue;
        expect(body.equals(bodyOf(was.body))).toBe(true);
        expect(delivery.redelivered).toBe(was.redelivered);
        expect(delivery.streamOffset()).toBe(was.offset);
        written.length = 0;
        delivery.reply(Buffer.from('answer'), true);
        delivery.ack();
        await Promise.resolve();
        const { replyTo: routingKey } = was.properties;
        const reply =
          routingKey === undefined
            ? []
            : [
                amqp.encodeMethod(amqp.BasicPublish, channel, { exchange: '', routingKey }),
                content(channel, frameMax, { deliveryMode: 2 }, Buffer.from('answer')),
              ];
        const ack = amqp.encodeMethod(amqp.BasicAck, channel, { deliveryTag: was.tag });
        expect(Buffer.concat(written)).toEqual(Buffer.concat([...reply, ack]));
      }
      const returns = sent.filter((it) => it.kind === 'return');
      expect(heard.returned).toEqual(
        returns.map(({ replyCode, replyText, messageId }) => ({
          id: messageId === null ? '' : String(messageId),
          reason: `${replyCode} ${replyText}`,
        })),
      );
      const confirms = sent.filter((it) => it.kind === 'confirm');
      expect(heard.confirmed).toEqual(
        confirms.map(({ tag, multiple, positive }) => ({ tag, multiple, positive })),
      );
      expect(port.full).toBe(false);
    }),
    { numRuns: 60 },
  );
});

test('what is written is what amqplib would write, byte by byte', async () => {
  const target = fc.record({
    exchange: name,
    key: name,
    replyTo: fc.option(name, { nil: null }),
  });
  const message = fc.tuple(bodies, fc.option(fc.maxSafeNat(), { nil: null }));
  await fc.assert(
    fc.asyncProperty(
      channels,
      frameMaxes,
      target,
      fc.boolean(),
      fc.boolean(),
      fc.array(message, { minLength: 1, maxLength: 6 }),
      async (channel, frameMax, to, persistent, withId, messages) => {
        const { port, written } = opened(frameMax, channel);
        const publish = port.publisher(to, persistent, withId);
        const expected: Buffer[] = [];
        for (const [size, id] of messages) {
          const body = bodyOf(size);
          // With ids or without them: a sender does not change its mind.
          const messageId = withId ? (id ?? 0) : -1;
          publish(body, messageId);
          const { exchange, key: routingKey, replyTo } = to;
          const fields = {
            deliveryMode: persistent ? 2 : 1,
            ...(replyTo !== null && { replyTo }),
            ...(withId && { messageId: String(messageId) }),
          };
          const method = { exchange, routingKey, mandatory: true };
          expected.push(
            amqp.encodeMethod(amqp.BasicPublish, channel, method),
            content(channel, frameMax, fields, body),
          );
        }
        await new Promise((turn) => setImmediate(turn));
        expect(Buffer.concat(written).equals(Buffer.concat(expected))).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test('a frame that claims more than was agreed is refused before its bytes come', async () => {
  await fc.assert(
    fc.asyncProperty(frameMaxes, fc.integer({ min: 1, max: 2 ** 31 }), async (frameMax, more) => {
      const { read, errors, heard } = opened(frameMax, 7);
      const claims = Math.min(frameMax - 8 + more, 2 ** 32 - 1);
      // Type, channel, size, and one byte of what it claims.
      const head = Buffer.from([3, 0, 7, 0, 0, 0, 0, 1]);
      head.writeUInt32BE(claims, 3);
      await read(head, []);
      expect(String(errors[0])).toContain(`a frame of ${claims} bytes where at most`);
      expect(heard.delivered).toEqual([]);
    }),
  );
});
