import { itemAt } from '../../topologies/item-at.ts';
import type { Sender, SendHandler } from '../drivers/driver.ts';
import {
  emptyHeader,
  flagProbe,
  flagReply,
  type Header,
  phaseMeasure,
  readHeader,
} from '../header.ts';
import type { Pacer } from '../pacers/pacer.ts';
import type { ClientLedger, PeerRow } from '../protocol.ts';
import type { RunState } from '../run-state.ts';
import {
  type Client,
  type ClientHooks,
  clientRow,
  makeClient,
  noteConnection,
  noteWords,
} from './client.ts';
import { Operations, UNCONFIRMED, UNSENT } from './operations.ts';
import { Outcomes } from './outcomes.ts';
import { Refusals } from './refusals.ts';
import { Requests } from './requests.ts';
import type { Workload } from './workload.ts';

/** Operations begun, or sent after a block, before the event loop turns to I/O again. */
const burst = 256;

/**
 * The client half of every pattern: takes what is due, sends it, ends it, records it. Nothing due is skipped. What the
 * bus will not take waits in its own client's queue, in order, until its deadline.
 */
export class Clients {
  readonly #run: RunState;
  readonly #workload: Workload;
  readonly #hooks: ClientHooks;
  readonly #clients: readonly Client[];
  readonly #operations = new Operations();
  readonly #outcomes: Outcomes;
  readonly #refusals: Refusals;
  readonly #requests: Requests;
  readonly #confirms: boolean;
  readonly #reply: Header = emptyHeader();
  #pacer: Pacer | null = null;
  /** Nothing is due at or after it. */
  #endUs = Number.POSITIVE_INFINITY;

  constructor(run: RunState, workload: Workload, hooks: ClientHooks) {
    this.#run = run;
    this.#workload = workload;
    this.#hooks = hooks;
    this.#outcomes = new Outcomes(run, workload, this.#operations, hooks.wake);
    this.#refusals = new Refusals(run, this.#operations, this.#outcomes);
    this.#confirms = run.assignment.guarantee === 'at-least-once';
    this.#requests = new Requests(run);
    const { clients } = run.assignment;
    this.#clients = clients.map((peer, at) =>
      makeClient(peer, at, itemAt(run.receivers, peer.topic)),
    );
  }

  /** What the driver calls for the client at this position. */
  handler(position: number): SendHandler {
    const client = this.#at(position);
    return {
      writable: () => {
        client.blocked = false;
        this.#flush(client);
      },
      accepted: (token) => this.#accepted(client, token),
      refused: (token, outcome, reason) => {
        if (!this.#refusals.refused(client, token, outcome, reason)) return;
        client.unsent.insert(token);
        this.#flushLater(client);
      },
      tooLarge: (bytes, reason) => this.#refusals.tooLarge(client, bytes, reason),
      hindered: (reason) => noteWords(client, 'hindered', reason, this.#run),
      probeReturned: (route) => this.#hooks.probeReturned(client.peer.index, route),
      reply: (body) => this.#replied(client, body),
      connection: (state, reason, which = '') => {
        const isBack = noteConnection(client, state, which, this.#run);
        noteWords(client, state, reason, this.#run);
        if (isBack) this.#hooks.reconnected(client.peer.index);
      },
    };
  }

  attach(position: number, sender: Sender): void {
    this.#at(position).sender = sender;
  }

  /** Its connections are about to be cut: `reconnected` will tell when they are back. */
  expectCut(position: number): void {
    this.#at(position).cutUs = this.#run.nowUs();
  }

  /** Sends one probe; false when the bus pushes back. */
  probe(position: number, route: number): boolean {
    const client = this.#at(position);
    return client.sender?.probe(this.#requests.makeProbe(client.peer, route), route) ?? false;
  }

  start(pacer: Pacer): void {
    this.#pacer = pacer;
    this.#outcomes.start(pacer);
  }

  /** Begins a burst of what is due up to `nowUs`. Returns when the next is due; not after `nowUs` when there is more. */
  advance(nowUs: number): number {
    const pacer = this.#pacer;
    if (pacer === null) return Number.POSITIVE_INFINITY;
    for (let i = 0; i < burst; i++) {
      const dueUs = pacer.peekUs();
      if (dueUs >= this.#endUs) return Number.POSITIVE_INFINITY;
      if (dueUs > nowUs) return dueUs;
      const client = this.#at(pacer.take());
      const token = this.#begin(client, dueUs, this.#run.nowUs());
      if (client.blocked || client.unsent.size > 0 || !this.#send(client, token)) {
        client.unsent.push(token);
      }
    }
    return pacer.peekUs();
  }

  /** Nothing becomes due from `endUs` on. */
  halt(endUs: number): void {
    this.#endUs = Math.min(this.#endUs, endUs);
  }

  /** Every operation that will ever be due was begun and has ended. */
  get exhausted(): boolean {
    if (this.#pacer === null || this.#outcomes.going > 0) return false;
    const dueUs = this.#pacer.peekUs();
    return dueUs >= this.#endUs || dueUs === Number.POSITIVE_INFINITY;
  }

  /** Ends what is past its deadline. */
  expire(nowUs: number): void {
    const operations = this.#operations;
    for (let slot = operations.oldest(); slot >= 0; slot = operations.oldest()) {
      if (operations.dueUs(slot) + this.#run.timeoutUs > nowUs) return;
      this.#giveUp(slot, nowUs);
    }
  }

  /** Ends everything that goes on, then what was due but never begun: one at a time, as it may be millions. */
  finish(): void {
    const [operations, pacer, now] = [this.#operations, this.#pacer, this.#run.nowUs()];
    this.halt(now);
    for (let slot = operations.oldest(); slot >= 0; slot = operations.oldest())
      this.#giveUp(slot, now);
    while (pacer !== null && pacer.peekUs() < this.#endUs) {
      const dueUs = pacer.peekUs();
      this.#giveUp(operations.find(this.#begin(this.#at(pacer.take()), dueUs, now)), now);
    }
  }

  *ledgers(): Generator<ClientLedger> {
    for (const { peer, account } of this.#clients) {
      yield account.entry(peer.index, this.#workload.replied !== null);
    }
  }

  *rows(): Generator<PeerRow> {
    for (const client of this.#clients) yield clientRow(client);
  }

  #at(position: number): Client {
    const client = this.#clients[position];
    if (client === undefined) throw new RangeError(`no client at position ${position}`);
    return client;
  }

  #begin(client: Client, dueUs: number, takenUs: number): number {
    const { phases, tally, recorder } = this.#run;
    const measured = phases !== null && dueUs >= phases.measureUs;
    const { account, peer } = client;
    const sequence = measured
      ? account.begin(Math.floor((dueUs - phases.measureUs) / 1e6))
      : account.warmup++;
    tally.due++;
    this.#outcomes.begin();
    if (measured) {
      tally.operations++;
      recorder.site(peer.site).agentDelay.record(takenUs - dueUs);
      recorder.countDue(peer.site, dueUs);
    }
    const bytes = this.#requests.bytesOf(peer, sequence, measured);
    return this.#operations.open(client.position, sequence, measured, dueUs, takenUs, bytes);
  }

  /**
   * Hands the operation to the driver, or gives it up past its deadline; false when it was not taken, and the client is
   * blocked until `writable`.
   */
  #send(client: Client, token: number): boolean {
    const operations = this.#operations;
    const slot = operations.find(token);
    const body = this.#requests.make(client.peer, operations, slot);
    const { sentUs } = this.#requests;
    if (sentUs > operations.dueUs(slot) + this.#run.timeoutUs) {
      this.#outcomes.giveUp(client, slot, sentUs);
      return true;
    }
    // The state is that of a sent operation before it is sent: a driver may refuse or confirm it on the spot.
    const state = operations.state(slot);
    const isFirst = operations.sentUs(slot) === 0;
    if (isFirst) operations.setSentUs(slot, sentUs);
    operations.setState(slot, (state & ~UNSENT) | (this.#confirms ? UNCONFIRMED : 0));
    if (client.sender === null || !client.sender.send(body, token)) {
      operations.setState(slot, state);
      if (isFirst) operations.setSentUs(slot, 0);
      client.blocked = true;
      return false;
    }
    if (isFirst) this.#countSent(client, slot, sentUs);
    return true;
  }

  #countSent(client: Client, slot: number, sentUs: number): void {
    const operations = this.#operations;
    const { recorder, tally, receivers } = this.#run;
    tally.sent++;
    if (operations.measured(slot)) {
      const { site, topic } = client.peer;
      recorder.site(site).busDelay.record(sentUs - operations.takenUs(slot));
      client.account.markSent(operations.sequence(slot), receivers[topic] ?? 1);
    }
    // At most once, sending is all that a client ever learns of a one-way message that goes well.
    if (this.#workload.replied === null && !this.#confirms) this.#outcomes.end(slot, sentUs);
  }

  #flush(client: Client): void {
    if (client.flushing) return;
    for (let i = 0; i < burst; i++) {
      const token = client.unsent.first();
      if (token === undefined) return;
      const slot = this.#operations.find(token);
      const isWaiting = slot >= 0 && (this.#operations.state(slot) & UNSENT) !== 0;
      if (isWaiting && !this.#send(client, token)) return;
      client.unsent.shift();
    }
    this.#flushLater(client);
  }

  #flushLater(client: Client): void {
    if (client.flushing) return;
    client.flushing = true;
    setImmediate(() => {
      client.flushing = false;
      if (!client.blocked) this.#flush(client);
    });
  }

  #accepted(client: Client, token: number): void {
    const operations = this.#operations;
    const slot = operations.find(token);
    if (slot < 0 || (operations.state(slot) & UNCONFIRMED) === 0) return;
    const now = this.#run.nowUs();
    if (operations.measured(slot)) {
      this.#run.recorder.site(client.peer.site).accepted.record(now - operations.sentUs(slot));
    }
    operations.setState(slot, operations.state(slot) & ~UNCONFIRMED);
    if (this.#workload.replied === null) this.#outcomes.complete(client, slot, now);
  }

  #replied(client: Client, body: Buffer): void {
    const { assignment, tally, nowUs, timeoutUs } = this.#run;
    const header = this.#reply;
    const isOurs = readHeader(body, header) && header.runTag === assignment.runTag;
    if (!isOurs || (header.flags & flagReply) === 0 || header.client !== client.peer.index) {
      tally.foreign++;
      return;
    }
    if ((header.flags & flagProbe) !== 0) {
      this.#hooks.answered(header.client, header.sequence);
      return;
    }
    const doneUs = nowUs();
    const operations = this.#operations;
    const measured = header.phase === phaseMeasure;
    const slot = operations.find(header.token);
    let isOpen = slot >= 0 && operations.isOpen(slot, client.position, header.sequence, measured);
    if (isOpen && doneUs > operations.dueUs(slot) + timeoutUs) {
      this.#giveUp(slot, doneUs);
      isOpen = false;
    }
    const isFirst = measured && client.account.replied.add(header.sequence);
    if (isOpen) this.#outcomes.answer(client, slot, header, doneUs);
    else if (isFirst) client.account.late++;
  }

  #giveUp(slot: number, nowUs: number): void {
    const client = this.#at(this.#operations.client(slot));
    this.#outcomes.giveUp(client, slot, nowUs);
    if (client.unsent.first() === this.#operations.token(slot)) client.unsent.shift();
  }
}
