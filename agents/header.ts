import { minBodyBytes } from '../topologies/workload.ts';

/**
 * The binary header every message starts with, little-endian, 40 bytes; a reply adds 24.
 *
 *  0 u8  magic 0xBB      1 u8  flags: bit 0 reply, bit 1 probe, bits 2-3 phase
 *  2 u16 run tag         4 u32 client          8 u32 sequence (probe: route)   12 u32 token
 * 16 u16 topic          18 u16 client site    20 u16 client process          22 u16 reserved
 * 24 f64 due, µs of the client's clock        32 f64 sent, µs of the client's clock
 * 40 u32 server         44 u16 server site    46 u16 server process
 * 48 f64 received, µs of the server's clock   56 f64 replied, µs of the server's clock
 */
export const requestHeaderBytes = 40;
/** A reply has to fit into the smallest body that a scenario may ask for. */
export const replyHeaderBytes = minBodyBytes;

const magic = 0xbb;

export const flagReply = 1;
export const flagProbe = 2;
const phaseShift = 2;

/** Phase of an operation's due time. */
export const phaseWarmup = 0;
export const phaseMeasure = 1;

/** A decoded header; drivers and workloads reuse one object, so copy what must live on. */
export interface Header {
  flags: number;
  phase: number;
  runTag: number;
  client: number;
  sequence: number;
  token: number;
  topic: number;
  clientSite: number;
  clientProcess: number;
  dueUs: number;
  sentUs: number;
  server: number;
  serverSite: number;
  serverProcess: number;
  receivedUs: number;
  repliedUs: number;
}

export function emptyHeader(): Header {
  return {
    flags: 0,
    phase: 0,
    runTag: 0,
    client: 0,
    sequence: 0,
    token: 0,
    topic: 0,
    clientSite: 0,
    clientProcess: 0,
    dueUs: 0,
    sentUs: 0,
    server: 0,
    serverSite: 0,
    serverProcess: 0,
    receivedUs: 0,
    repliedUs: 0,
  };
}

/** Writes the request part (40 bytes) at the start of `body`. */
export function writeRequest(body: Buffer, header: Header): void {
  body[0] = magic;
  body[1] = header.flags | (header.phase << phaseShift);
  body.writeUInt16LE(header.runTag, 2);
  body.writeUInt32LE(header.client, 4);
  body.writeUInt32LE(header.sequence, 8);
  body.writeUInt32LE(header.token, 12);
  body.writeUInt16LE(header.topic, 16);
  body.writeUInt16LE(header.clientSite, 18);
  body.writeUInt16LE(header.clientProcess, 20);
  body.writeUInt16LE(0, 22);
  body.writeDoubleLE(header.dueUs, 24);
  body.writeDoubleLE(header.sentUs, 32);
}

/** Turns the request header already in `body` into a reply header (64 bytes). */
export function writeReply(body: Buffer, header: Header): void {
  body[1] = (body[1] ?? 0) | flagReply;
  body.writeUInt32LE(header.server, 40);
  body.writeUInt16LE(header.serverSite, 44);
  body.writeUInt16LE(header.serverProcess, 46);
  body.writeDoubleLE(header.receivedUs, 48);
  body.writeDoubleLE(header.repliedUs, 56);
}

/** Reads into `header`; false when `body` is not one of ours (too short, other magic). */
export function readHeader(body: Buffer, header: Header): boolean {
  if (body.length < requestHeaderBytes || body[0] !== magic) return false;
  const flags = body[1] ?? 0;
  header.flags = flags & (flagReply | flagProbe);
  header.phase = (flags >> phaseShift) & 3;
  header.runTag = body.readUInt16LE(2);
  header.client = body.readUInt32LE(4);
  header.sequence = body.readUInt32LE(8);
  header.token = body.readUInt32LE(12);
  header.topic = body.readUInt16LE(16);
  header.clientSite = body.readUInt16LE(18);
  header.clientProcess = body.readUInt16LE(20);
  header.dueUs = body.readDoubleLE(24);
  header.sentUs = body.readDoubleLE(32);
  if ((flags & flagReply) === 0) return true;
  if (body.length < replyHeaderBytes) return false;
  header.server = body.readUInt32LE(40);
  header.serverSite = body.readUInt16LE(44);
  header.serverProcess = body.readUInt16LE(46);
  header.receivedUs = body.readDoubleLE(48);
  header.repliedUs = body.readDoubleLE(56);
  return true;
}
