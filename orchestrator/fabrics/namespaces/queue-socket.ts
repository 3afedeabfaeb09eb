import { check, libc } from './libc.ts';
import {
  bindMessage,
  type Receiver,
  readMessages,
  segmentMessage,
  verdictBytes,
  writeVerdict,
} from './nfnetlink.ts';

const familyNetlink = 16;
const typeRaw = 3;
const closeOnExec = 0x80000;
const nonBlocking = 0x800;
const protocolNetfilter = 12;
const levelSocket = 1;
const optionReceiveBuffer = 8;
const optionReceiveBufferForce = 33;
const levelNetlink = 270;
const optionNoBufferErrors = 5;
const dontWait = 0x40;

/** The kernel doubles what is asked for, for its own bookkeeping. */
const wantedBufferBytes = 32 * 1024 * 1024;
/** As good as none: the links know their own bounds, and count what they drop. */
const maxQueuePackets = 0xffff_ffff;
const batchVerdicts = 64;
const batchMessages = 64;

/** The kernel's packet queues of this process's network namespace. All calls are synchronous, none blocks. */
export class QueueSocket {
  readonly fd: number;
  readonly receiveBufferBytes: number;
  readonly #incoming = Buffer.alloc(16_384);
  readonly #outgoing = Buffer.alloc(batchVerdicts * verdictBytes);
  #pending = 0;
  #sequence = 0;

  constructor() {
    const type = typeRaw | nonBlocking | closeOnExec;
    this.fd = check(libc.socket(familyNetlink, type, protocolNetfilter), 'socket(AF_NETLINK)');
    const address = Buffer.alloc(12);
    address.writeUInt16LE(familyNetlink, 0);
    check(libc.bind(this.fd, address, address.length), 'bind(AF_NETLINK)');
    this.receiveBufferBytes = this.#enlarge();
    // A full buffer loses packets, which are counted; it must not also turn into errors of calls.
    check(this.#set(levelNetlink, optionNoBufferErrors, 1), 'setsockopt(NETLINK_NO_ENOBUFS)');
  }

  /** Returns the sequence number of the kernel's answer. */
  bind(queue: number): number {
    const sequence = ++this.#sequence;
    this.#send(bindMessage(queue, sequence, maxQueuePackets));
    return sequence;
  }

  /** Returns the sequence number of the kernel's answer. */
  segment(queue: number, segments: boolean): number {
    const sequence = ++this.#sequence;
    this.#send(segmentMessage(queue, sequence, segments));
    return sequence;
  }

  /** Goes out with the next `flush`, or when there is enough of it. */
  verdict(queue: number, id: number, verdict: number, batch: boolean): void {
    writeVerdict(this.#outgoing, this.#pending * verdictBytes, queue, id, verdict, batch);
    if (++this.#pending === batchVerdicts) this.flush();
  }

  flush(): void {
    if (this.#pending === 0) return;
    libc.send(this.fd, this.#outgoing, this.#pending * verdictBytes, 0);
    this.#pending = 0;
  }

  /** Hands over what has come, some dozens of messages at most. */
  receive(receiver: Receiver): void {
    for (let i = 0; i < batchMessages; i++) {
      const length = libc.recv(this.fd, this.#incoming, this.#incoming.length, dontWait);
      if (length <= 0) return;
      readMessages(this.#incoming, length, receiver);
    }
  }

  #send(message: Buffer): void {
    check(libc.send(this.fd, message, message.length, 0), 'send(AF_NETLINK)');
  }

  #set(level: number, option: number, value: number): number {
    const buffer = Buffer.alloc(4);
    buffer.writeInt32LE(value, 0);
    return libc.setsockopt(this.fd, level, option, buffer, buffer.length);
  }

  /** Beyond the machine's limit where that is allowed, else up to it. Returns what the kernel made of it. */
  #enlarge(): number {
    if (this.#set(levelSocket, optionReceiveBufferForce, wantedBufferBytes) < 0) {
      check(
        this.#set(levelSocket, optionReceiveBuffer, wantedBufferBytes),
        'setsockopt(SO_RCVBUF)',
      );
    }
    const value = Buffer.alloc(4);
    const length = Buffer.from([value.length, 0, 0, 0]);
    check(
      libc.getsockopt(this.fd, levelSocket, optionReceiveBuffer, value, length),
      'getsockopt(SO_RCVBUF)',
    );
    return value.readInt32LE(0);
  }
}
