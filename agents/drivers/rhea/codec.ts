/**
 * The AMQP 1.0 bare message as this driver sends it: an optional header, properties with at most `to` and
 * `reply-to`, and one data section. Encoded once a peer up to the data section, so that a message costs one
 * allocation and one copy; read without building an object per field.
 */

const described = 0x00;
const smallUlong = 0x53;
const nullCode = 0x40;
const trueCode = 0x41;
const falseCode = 0x42;
const list8 = 0xc0;
const list32 = 0xd0;
const list0 = 0x45;
const str8 = 0xa1;
const str32 = 0xb1;
const vbin8 = 0xa0;
const vbin32 = 0xb0;
const ulong0 = 0x44;
const uint0 = 0x43;
const smallUint = 0x52;

const headerSection = 0x70;
const propertiesSection = 0x73;
const dataSection = 0x75;
const valueSection = 0x77;

export interface HeadFields {
  /** Ask a broker to store the message. Routers ignore it. */
  readonly durable: boolean;
  /** UTF-8 bytes of the address; only for links without a target of their own. */
  readonly to: Buffer | null;
  readonly replyTo: Buffer | null;
}

/** Everything before the data section. */
export function encodeHead(fields: HeadFields): Buffer {
  const parts: Buffer[] = [];
  if (fields.durable) {
    parts.push(Buffer.from([described, smallUlong, headerSection, list8, 2, 1, trueCode]));
  }
  if (fields.to !== null || fields.replyTo !== null) {
    // message-id, user-id, to, subject, reply-to
    const none = Buffer.from([nullCode]);
    const items =
      fields.replyTo === null
        ? [none, none, encodeString(fields.to)]
        : [none, none, encodeString(fields.to), none, encodeString(fields.replyTo)];
    const content = Buffer.concat(items);
    const start = Buffer.from([
      described,
      smallUlong,
      propertiesSection,
      list32,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
    ]);
    start.writeUInt32BE(content.length + 4, 4);
    start.writeUInt32BE(items.length, 8);
    parts.push(start, content);
  }
  return Buffer.concat(parts);
}

function encodeString(bytes: Buffer | null): Buffer {
  if (bytes === null) return Buffer.from([nullCode]);
  if (bytes.length < 256) return Buffer.concat([Buffer.from([str8, bytes.length]), bytes]);
  const start = Buffer.from([str32, 0, 0, 0, 0]);
  start.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([start, bytes]);
}

/** Bytes that a data section adds in front of its body. */
const dataHeadBytes = 8;

/** A whole message: `head` as made by `encodeHead`, then `body` as one data section. */
export function encodeMessage(head: Buffer, body: Buffer): Buffer {
  const message = Buffer.allocUnsafe(head.length + dataHeadBytes + body.length);
  let at = head.copy(message, 0);
  message[at++] = described;
  message[at++] = smallUlong;
  message[at++] = dataSection;
  message[at++] = vbin32;
  at = message.writeUInt32BE(body.length, at);
  body.copy(message, at);
  return message;
}

export interface DecodedMessage {
  /** A view of the payload, or a copy where the body came in several sections. */
  readonly body: Buffer;
  readonly replyTo: Buffer | null;
  readonly redelivered: boolean;
}

/** Null when the payload is not an AMQP message with a binary body. Throws a RangeError when it is cut short. */
export function decodeMessage(payload: Buffer): DecodedMessage | null {
  let at = 0;
  let body: Buffer | null = null;
  let replyTo: Buffer | null = null;
  let redelivered = false;
  while (at < payload.length) {
    if (payload[at] !== described) return null;
    const section = sectionCode(payload, at + 1);
    const value = skipValue(payload, at + 1);
    const end = skipValue(payload, value);
    if (section === headerSection) redelivered = readRedelivered(payload, value);
    else if (section === propertiesSection)
      replyTo = binaryAt(payload, listField(payload, value, 4));
    else if (section === dataSection || section === valueSection) {
      const part = binaryAt(payload, value);
      if (part === null) return null;
      body = body === null ? part : Buffer.concat([body, part]);
    }
    at = end;
  }
  return body === null ? null : { body, replyTo, redelivered };
}

/** The last byte of a section's numeric descriptor; 0 for symbolic ones, which nobody sends. */
function sectionCode(payload: Buffer, at: number): number {
  if (payload[at] === smallUlong) return payload.readUInt8(at + 1);
  return payload[at] === 0x80 ? payload.readUInt8(at + 8) : 0;
}

/** Header: durable, priority, ttl, first-acquirer, delivery-count. */
function readRedelivered(payload: Buffer, list: number): boolean {
  const acquirer = listField(payload, list, 3);
  if (acquirer >= 0 && payload[acquirer] === falseCode) return true;
  const count = listField(payload, list, 4);
  if (count < 0) return false;
  switch (payload[count]) {
    case smallUint:
      return payload.readUInt8(count + 1) > 0;
    case 0x70:
      return payload.readUInt32BE(count + 1) > 0;
    default:
      return false;
  }
}

/** Offset of the n-th field of the list at `at`, or -1 when the list is shorter. */
function listField(payload: Buffer, at: number, n: number): number {
  const code = payload[at];
  if (code === list0) return -1;
  const wide = code === list32;
  if (!wide && code !== list8) return -1;
  const count = wide ? payload.readUInt32BE(at + 5) : payload.readUInt8(at + 2);
  if (count <= n) return -1;
  let field = at + (wide ? 9 : 3);
  for (let i = 0; i < n; i++) field = skipValue(payload, field);
  return field;
}

/** Bytes of the binary or string value at `at`; null for anything else. */
function binaryAt(payload: Buffer, at: number): Buffer | null {
  if (at < 0) return null;
  const code = payload[at];
  if (code === vbin8 || code === str8) {
    return payload.subarray(at + 2, at + 2 + payload.readUInt8(at + 1));
  }
  if (code === vbin32 || code === str32) {
    return payload.subarray(at + 5, at + 5 + payload.readUInt32BE(at + 1));
  }
  return null;
}

/** Offset behind the value at `at`: the high half of a type code gives its width (AMQP 1.0, part 1, 1.2). */
function skipValue(payload: Buffer, at: number): number {
  const code = payload.readUInt8(at);
  if (code === described) return skipValue(payload, skipValue(payload, at + 1));
  if (code === nullCode || code === ulong0 || code === uint0) return at + 1;
  switch (code >> 4) {
    case 0x4:
      return at + 1;
    case 0x5:
      return at + 2;
    case 0x6:
      return at + 3;
    case 0x7:
      return at + 5;
    case 0x8:
      return at + 9;
    case 0x9:
      return at + 17;
    case 0xa:
    case 0xc:
    case 0xe:
      return at + 2 + payload.readUInt8(at + 1);
    default:
      return at + 5 + payload.readUInt32BE(at + 1);
  }
}
