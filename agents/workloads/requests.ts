import { minBodyBytes } from '../../topologies/workload.ts';
import {
  emptyHeader,
  flagProbe,
  type Header,
  phaseMeasure,
  phaseWarmup,
  writeRequest,
} from '../header.ts';
import type { ClientPeer } from '../protocol.ts';
import type { RunState } from '../run-state.ts';
import { Bodies, positionOf } from './bodies.ts';
import type { Operations } from './operations.ts';

/** Makes the messages that clients send: a body of the size asked for, with its header. */
export class Requests {
  readonly #run: RunState;
  readonly #bodies: Bodies;
  readonly #header: Header = emptyHeader();

  constructor(run: RunState) {
    const { body } = run.assignment.workload;
    const { runTag, processIndex, seed } = run.assignment;
    this.#run = run;
    this.#bodies = new Bodies(body, seed);
    this.#header.runTag = runTag;
    this.#header.clientProcess = processIndex;
  }

  /** The size of an operation's message, bytes. */
  bytesOf(peer: ClientPeer, sequence: number, measured: boolean): number {
    return this.#bodies.bytesOf(peer.index, positionOf(sequence, measured));
  }

  /** The sent time that the last message carries. */
  get sentUs(): number {
    return this.#header.sentUs;
  }

  /** The message of an operation, stamped as sent now. */
  make(peer: ClientPeer, operations: Operations, slot: number): Buffer {
    const header = this.#header;
    header.flags = 0;
    header.phase = operations.measured(slot) ? phaseMeasure : phaseWarmup;
    header.sequence = operations.sequence(slot);
    header.token = operations.token(slot);
    header.dueUs = operations.dueUs(slot);
    return this.#write(peer, this.#bodies.make(operations.bytes(slot)));
  }

  makeProbe(peer: ClientPeer, route: number): Buffer {
    const header = this.#header;
    header.flags = flagProbe;
    header.phase = phaseWarmup;
    header.sequence = route;
    header.token = 0;
    header.dueUs = this.#run.nowUs();
    return this.#write(peer, this.#bodies.make(minBodyBytes));
  }

  #write(peer: ClientPeer, body: Buffer): Buffer {
    const header = this.#header;
    header.client = peer.index;
    header.clientSite = peer.site;
    header.topic = peer.topic;
    header.sentUs = this.#run.nowUs();
    writeRequest(body, header);
    return body;
  }
}
