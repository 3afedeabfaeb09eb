import { readSync, writeSync } from 'node:fs';
import { nowUs } from '../../../agents/clock.ts';
import { lineOf } from '../../../agents/lines.ts';
import { promptAnswers } from '../../hosts/calls.ts';
import type { EngineCalls, EngineHealth, EngineStatus, EngineTraffic } from './engine-protocol.ts';
import { Lateness } from './lateness.ts';
import { libc } from './libc.ts';
import { LinkSchedule } from './link-schedule.ts';
import { accept, drop } from './nfnetlink.ts';
import { PacketLink } from './packet-link.ts';
import { QueueSocket } from './queue-socket.ts';

// The packet engine: takes what the router's firewall queues, and lets each packet go when its link says so. Runs in
// the router's namespace; one thread, one loop for packets and for orders on stdin, which never returns to the event
// loop. Ends with its stdin; what is in the queues then is dropped, and so is what comes after.

const links = new Map<number, PacketLink>();
const schedule = new LinkSchedule();
const lateness = new Lateness();
const socket = new QueueSocket();
/** Messages not yet answered by the kernel. */
const unanswered = new Set<number>();
const refusals: number[] = [];
let missedBefore = 0;
let overflowedBefore = 0;

const receiver = {
  packet(queue: number, id: number, bytes: number): void {
    const link = links.get(queue);
    link?.number(id);
    const dueUs = link?.enter(nowUs(), bytes) ?? 0;
    if (link === undefined || dueUs < 0) {
      socket.verdict(queue, id, drop, false);
      return;
    }
    const idle = link.nextUs === Number.POSITIVE_INFINITY;
    link.push(id, dueUs, bytes);
    if (idle) schedule.add(link);
  },
  answer(sequence: number, errno: number): void {
    unanswered.delete(sequence);
    if (errno !== 0) refusals.push(errno);
  },
};

/** Lets go of everything that is due. A verdict on a packet holds for all before it, for each link keeps its order. */
function release(): void {
  for (let now = nowUs(); schedule.nextUs <= now; now = nowUs()) {
    const link = schedule.first;
    if (link === undefined) return;
    let id = 0;
    while (link.nextUs <= now) {
      lateness.add(now - link.nextUs);
      id = link.shift();
    }
    socket.verdict(link.queue, id, link.cut ? drop : accept, true);
    schedule.settle();
  }
}

function start({ links: wanted }: EngineCalls['start']['ask']): EngineStatus {
  for (const { queue, link, seed } of wanted) {
    const made = new PacketLink(queue, link, seed);
    links.set(queue, made);
    unanswered.add(socket.bind(queue));
    unanswered.add(socket.segment(queue, made.needsSegments));
    // A few at a time: their answers must fit into the buffer.
    while (unanswered.size > 0) socket.receive(receiver);
  }
  if (refusals.length > 0) {
    throw new Error(`the kernel refuses a packet queue (errno ${refusals[0]})`);
  }
  return { realTime: requestRealTime(), receiveBufferBytes: socket.receiveBufferBytes };
}

function shape({ queue, shape: change }: EngineCalls['shape']['ask']): null {
  const link = linkOf(queue);
  const before = link.needsSegments;
  link.reshape(change);
  if (link.needsSegments !== before) unanswered.add(socket.segment(queue, link.needsSegments));
  return null;
}

function cut({ queue, cut: isCut }: EngineCalls['cut']['ask']): null {
  linkOf(queue).cut = isCut;
  return null;
}

function traffic(): readonly EngineTraffic[] {
  return [...links.values()].map(
    ({ queue, packets, bytes, lostPackets, overflowedPackets }): EngineTraffic => {
      return { queue, packets, bytes, lostPackets, overflowedPackets };
    },
  );
}

function health(): EngineHealth {
  const missed = sumOf(({ missedPackets }) => missedPackets);
  const overflowed = sumOf(({ overflowedPackets }) => overflowedPackets);
  const told = {
    released: lateness.count,
    p50Us: lateness.quantileUs(0.5),
    p99Us: lateness.quantileUs(0.99),
    maxUs: lateness.maxUs,
    overflowed: overflowed - overflowedBefore,
    missed: missed - missedBefore,
    refused: refusals.splice(0).length,
  };
  lateness.clear();
  missedBefore = missed;
  overflowedBefore = overflowed;
  return told;
}

const answer = promptAnswers<EngineCalls>({ start, shape, cut, traffic, health });

function sumOf(count: (link: PacketLink) => number): number {
  return [...links.values()].reduce((sum, link) => sum + count(link), 0);
}

function linkOf(queue: number): PacketLink {
  const link = links.get(queue);
  if (link === undefined) throw new Error(`no link has queue ${queue}`);
  return link;
}

const fifo = 1;
const fifoPriority = 10;
const prSetTimerSlack = 29;

/** Sleeps end to the microsecond, and a busy machine does not keep us waiting, where that is allowed. */
function requestRealTime(): boolean {
  libc.prctl(prSetTimerSlack, 1, 0, 0, 0);
  const parameter = Buffer.alloc(4);
  parameter.writeInt32LE(fifoPriority, 0);
  return libc.sched_setscheduler(0, fifo, parameter) >= 0;
}

const inbox = Buffer.alloc(65_536);

/** Obeys every order that is complete; false once stdin has ended. */
function readOrders(): boolean {
  const length = readSync(0, inbox);
  if (length === 0) return false;
  for (const reply of answer(inbox.subarray(0, length))) writeSync(1, lineOf(reply));
  return true;
}

const pollIn = 1;
/** struct pollfd twice: fd (4 bytes), events (2), revents (2). */
const polled = Buffer.alloc(16);
polled.writeInt32LE(socket.fd, 0);
polled.writeInt16LE(pollIn, 4);
polled.writeInt32LE(0, 8);
polled.writeInt16LE(pollIn, 12);
/** struct timespec. */
const rest = Buffer.alloc(16);

function waitForWork(): void {
  const nextUs = schedule.nextUs;
  polled.writeInt16LE(0, 6);
  polled.writeInt16LE(0, 14);
  if (nextUs === Number.POSITIVE_INFINITY) {
    libc.ppoll(polled, 2, null, null);
    return;
  }
  const restNs = Math.max(0, Math.ceil((nextUs - nowUs()) * 1e3));
  const seconds = Math.floor(restNs / 1e9);
  rest.writeUInt32LE(seconds, 0);
  rest.writeUInt32LE(restNs - seconds * 1e9, 8);
  libc.ppoll(polled, 2, rest, null);
}

for (let open = true; open; ) {
  release();
  socket.flush();
  waitForWork();
  if (polled.readInt16LE(6) !== 0) socket.receive(receiver);
  if (polled.readInt16LE(14) !== 0) open = readOrders();
}
process.exit(0);
