// The netlink messages of nfnetlink_queue (linux/netfilter/nfnetlink_queue.h). Headers and attribute headers are in the
// machine's byte order, which is little-endian on everything that node runs Linux on; contents marked be are not.

const subsystem = 3 << 8;
const messagePacket = 0;
const messageVerdict = 1;
const messageConfig = 2;
const messageVerdictBatch = 3;
const typeError = 2;
const flagRequest = 1;
const flagAcknowledge = 4;

/** Verdicts of netfilter. */
export const drop = 0;
export const accept = 1;

/** nlmsghdr (16 bytes) and nfgenmsg (4). */
const headerBytes = 20;

/** Packets that are not cut to wire size stay whole; see PacketLink.needsSegments. */
const configFlagGso = 4;

/** What the kernel copies of each packet: enough for an IP header, though only lengths are looked at. */
const copyBytes = 20;

export const verdictBytes = 32;

/** One configuration message for a queue, which the kernel answers with an acknowledgement of the same sequence. */
function configMessage(queue: number, sequence: number, attributes: readonly Buffer[]): Buffer {
  const message = Buffer.alloc(headerBytes);
  message.writeUInt16LE(subsystem | messageConfig, 4);
  message.writeUInt16LE(flagRequest | flagAcknowledge, 6);
  message.writeUInt32LE(sequence, 8);
  message.writeUInt16BE(queue, 18);
  const whole = Buffer.concat([message, ...attributes]);
  whole.writeUInt32LE(whole.length, 0);
  return whole;
}

function attribute(type: number, content: readonly number[]): Buffer {
  const length = 4 + content.length;
  const buffer = Buffer.alloc((length + 3) & ~3);
  buffer.writeUInt16LE(length, 0);
  buffer.writeUInt16LE(type, 2);
  buffer.set(content, 4);
  return buffer;
}

function be32(value: number): readonly number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** Takes a queue: what waits in it is for this socket alone, and dropped when the socket is gone. */
export function bindMessage(queue: number, sequence: number, maxPackets: number): Buffer {
  const command = attribute(1, [1, 0, 0, 0]);
  const parameters = attribute(2, [...be32(copyBytes), 2]);
  return configMessage(queue, sequence, [command, parameters, attribute(3, be32(maxPackets))]);
}

/** Whether the kernel cuts large packets to wire size before it queues them. */
export function segmentMessage(queue: number, sequence: number, segments: boolean): Buffer {
  const mask = attribute(4, be32(configFlagGso));
  const flags = attribute(5, be32(segments ? 0 : configFlagGso));
  return configMessage(queue, sequence, [mask, flags]);
}

/** Writes a verdict on one packet, or with `batch` on every packet of the queue up to it. */
export function writeVerdict(
  buffer: Buffer,
  offset: number,
  queue: number,
  id: number,
  verdict: number,
  batch: boolean,
): void {
  const type = subsystem | (batch ? messageVerdictBatch : messageVerdict);
  buffer.writeUInt32LE(verdictBytes, offset);
  buffer.writeUInt16LE(type, offset + 4);
  buffer.writeUInt16LE(flagRequest, offset + 6);
  buffer.writeUInt32LE(0, offset + 8);
  buffer.writeUInt32LE(0, offset + 12);
  buffer.writeUInt16LE(0, offset + 16);
  buffer.writeUInt16BE(queue, offset + 18);
  buffer.writeUInt16LE(12, offset + 20);
  buffer.writeUInt16LE(2, offset + 22);
  buffer.writeUInt32BE(verdict, offset + 24);
  buffer.writeUInt32BE(id, offset + 28);
}

/** What is done with the messages that the kernel sends. */
export interface Receiver {
  /** A packet waits in a queue for a verdict by its number; `bytes` is its whole IP length. */
  packet(queue: number, id: number, bytes: number): void;
  /** The answer to a message of ours; errno is 0 when it was obeyed. */
  answer(sequence: number, errno: number): void;
}

/** Reads the messages of one datagram. */
export function readMessages(buffer: Buffer, length: number, receiver: Receiver): void {
  for (let at = 0; at + 16 <= length; ) {
    const size = buffer.readUInt32LE(at);
    if (size < 16) return;
    const type = buffer.readUInt16LE(at + 4);
    if (type === (subsystem | messagePacket)) readPacket(buffer, at, size, receiver);
    else if (type === typeError) {
      receiver.answer(buffer.readUInt32LE(at + 8), -buffer.readInt32LE(at + 16));
    }
    at += (size + 3) & ~3;
  }
}

const attributePacket = 1;
const attributePayload = 10;
const attributeWholeLength = 13;

function readPacket(buffer: Buffer, start: number, size: number, receiver: Receiver): void {
  const queue = buffer.readUInt16BE(start + 18);
  let id = 0;
  let bytes = 0;
  for (let at = start + headerBytes; at + 4 <= start + size; ) {
    const length = buffer.readUInt16LE(at);
    if (length < 4) break;
    const type = buffer.readUInt16LE(at + 2) & 0x3fff;
    if (type === attributePacket) id = buffer.readUInt32BE(at + 4);
    else if (type === attributeWholeLength) bytes = buffer.readUInt32BE(at + 4);
    else if (type === attributePayload && bytes === 0) bytes = length - 4;
    at += (length + 3) & ~3;
  }
  receiver.packet(queue, id, bytes);
}
