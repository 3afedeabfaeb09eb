import fc from 'fast-check';
import rhea from 'rhea';
import { describe, expect, test } from 'vitest';
import { decodeMessage, encodeHead, encodeMessage } from '../../../../agents/drivers/rhea/codec.ts';

const text = fc.string({ maxLength: 400 });
const maybeText = fc.option(text, { nil: null });

describe('rhea codec', () => {
  test('what we encode, the library reads', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        maybeText,
        maybeText,
        fc.uint8Array({ maxLength: 5000 }),
        (durable, to, replyTo, bytes) => {
          const body = Buffer.from(bytes);
          const head = encodeHead({
            durable,
            to: to === null ? null : Buffer.from(to),
            replyTo: replyTo === null ? null : Buffer.from(replyTo),
          });
          const message = rhea.message.decode(encodeMessage(head, body));
          expect(message['durable'] ?? false).toBe(durable);
          expect(message['to'] ?? null).toBe(to);
          expect(message['reply_to'] ?? null).toBe(replyTo);
          expect(Buffer.compare(message['body'].content, body)).toBe(0);
        },
      ),
    );
  });

  test('what the library encodes, we read', () => {
    fc.assert(
      fc.property(
        maybeText,
        fc.dictionary(
          fc.string({ minLength: 1, maxLength: 20 }),
          fc.oneof(text, fc.integer(), fc.boolean()),
        ),
        fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat({ max: 1000 }), { nil: null }),
        (replyTo, properties, sections, deliveryCount) => {
          const parts = sections.map((bytes) => Buffer.from(bytes));
          const payload = rhea.message.encode({
            ...(replyTo === null ? {} : { reply_to: replyTo }),
            ...(deliveryCount === null
              ? {}
              : { delivery_count: deliveryCount, first_acquirer: true }),
            message_id: 7,
            subject: 'a subject',
            ttl: 60_000,
            message_annotations: properties,
            application_properties: properties,
            body: rhea.message.data_sections(parts),
          });
          const decoded = decodeMessage(payload);
          expect(decoded?.body.equals(Buffer.concat(parts))).toBe(true);
          expect(decoded?.replyTo?.toString() ?? null).toBe(replyTo);
          expect(decoded?.redelivered).toBe((deliveryCount ?? 0) > 0);
        },
      ),
    );
  });

  test('values of every width stand in front of what we look for', () => {
    // AMQP 1.0, part 1, 1.2: the high half of a type's code tells its width; rhea has no encoder for some of these.
    const widths: readonly (readonly [code: number, bytes: number])[] = [
      [0x40, 0],
      [0x41, 0],
      [0x56, 1],
      [0x60, 2],
      [0x70, 4],
      [0x72, 4],
      [0x80, 8],
      [0x84, 8],
      // decimal128, uuid
      [0x94, 16],
      [0x98, 16],
    ];
    for (const [code, bytes] of widths) {
      // A message id of that type, then user-id, to and subject (null), reply-to.
      const id = Buffer.concat([Buffer.from([code]), Buffer.alloc(bytes, 0x9c)]);
      const replyTo = Buffer.from([0xa1, 2, 0x72, 0x74]);
      const fields = Buffer.concat([id, Buffer.from([0x40, 0x40, 0x40]), replyTo]);
      const payload = Buffer.concat([
        Buffer.from([0x00, 0x53, 0x73, 0xc0, fields.length + 1, 5]),
        fields,
        Buffer.from([0x00, 0x53, 0x75, 0xa0, 3, 1, 2, 3]),
      ]);
      const decoded = decodeMessage(payload);
      expect(decoded?.replyTo?.toString(), `type 0x${code.toString(16)}`).toBe('rt');
      expect(decoded?.body).toEqual(Buffer.from([1, 2, 3]));
    }
  });

  test('a message that was acquired before is redelivered', () => {
    const encode = (header: object): Buffer =>
      rhea.message.encode({ ...header, body: rhea.message.data_section(Buffer.from('x')) });
    expect(decodeMessage(encode({ first_acquirer: false }))?.redelivered).toBe(true);
    expect(decodeMessage(encode({ first_acquirer: true }))?.redelivered).toBe(false);
    expect(decodeMessage(encode({}))?.redelivered).toBe(false);
  });

  test('a binary value is a body too; a text, a map or nothing at all is none of ours', () => {
    const encode = (body: unknown): Buffer => rhea.message.encode({ body });
    expect(decodeMessage(encode(Buffer.from('abc')))?.body.toString()).toBe('abc');
    expect(decodeMessage(encode({ a: 1 }))).toBeNull();
    expect(decodeMessage(encode(12))).toBeNull();
    expect(decodeMessage(Buffer.alloc(0))).toBeNull();
    expect(decodeMessage(Buffer.from('garbage'))).toBeNull();
  });
});
