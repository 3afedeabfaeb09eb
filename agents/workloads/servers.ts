import type { ReceiveHandler, Receiver } from '../drivers/driver.ts';
import {
  emptyHeader,
  flagProbe,
  type Header,
  phaseMeasure,
  readHeader,
  replyHeaderBytes,
  requestHeaderBytes,
  writeReply,
} from '../header.ts';
import { Histogram } from '../histogram.ts';
import { type ServerBook, ServerBooks } from '../ledger.ts';
import type { ArrivalsPart, PeerRow, ServerLedger, ServerPeer } from '../protocol.ts';
import type { RunState } from '../run-state.ts';
import { Bodies, positionOf } from './bodies.ts';
import { Holds, thinkTimes } from './holds.ts';
import type { DeliveryRecord, ServedBy, Workload } from './workload.ts';

/** Messages answered after a hold before the event loop turns to I/O again. */
const burst = 256;

export interface ServerHooks {
  /** A hold ends at `untilUs`: advance by then, in a later turn of the event loop. */
  wake(untilUs: number): void;
  /** A probe of this client came to this subscriber on this route. */
  probed(client: number, route: number, subscriber: number): void;
}

/** One server peer. */
interface Server extends ServedBy {
  readonly peer: ServerPeer;
  readonly book: ServerBook;
  readonly responses: Histogram;
  receiver: Receiver | null;
  /** What came before the receiver was attached: left over from another run, but to be settled. */
  readonly early: (() => void)[];
  handled: number;
}

/** A message that its server has not answered yet. */
interface Held {
  readonly server: Server;
  readonly body: Buffer;
  readonly context: unknown;
  readonly receivedUs: number;
  /** Null unless its hold is to be recorded here: measured, and no reply will carry it. */
  readonly clientSite: number | null;
}

/** The server half of every pattern: counts, times, holds and answers what arrives. */
export class Servers {
  readonly #run: RunState;
  readonly #workload: Workload;
  readonly #hooks: ServerHooks;
  readonly #servers: readonly Server[];
  readonly #books = new ServerBooks();
  readonly #record: DeliveryRecord;
  readonly #bodies: Bodies;
  readonly #thinkUs: (client: number, position: number) => number;
  readonly #holds = new Holds<Held>();
  readonly #request: Header = emptyHeader();
  readonly #reply: Header = emptyHeader();

  constructor(run: RunState, workload: Workload, hooks: ServerHooks) {
    const { assignment } = run;
    const { seed } = assignment;
    this.#run = run;
    this.#workload = workload;
    this.#hooks = hooks;
    this.#record = workload.deliveries(run);
    this.#bodies = new Bodies(assignment.workload.body, seed);
    this.#thinkUs = thinkTimes(assignment.workload.hold, seed);
    this.#reply.serverProcess = assignment.processIndex;
    this.#servers = assignment.servers.map((peer) => {
      const responses = new Histogram(2);
      return {
        peer,
        site: peer.site,
        book: this.#books.open(peer.subscriber, peer.site),
        responses,
        recordResponse: (responseUs: number) => responses.record(responseUs),
        receiver: null,
        early: [],
        handled: 0,
      };
    });
  }

  /** What the driver calls for the server at this position. */
  handler(position: number): ReceiveHandler {
    const server = this.#servers[position];
    if (server === undefined) throw new RangeError(`no server at position ${position}`);
    return {
      message: (body, redelivered, context) => {
        if (server.receiver !== null) this.#received(server, body, redelivered, context);
        else server.early.push(() => this.#received(server, body, redelivered, context));
      },
      connection: (state, reason) => {
        if (state === 'back') this.#run.tally.reconnects++;
        this.#tell(server, state, reason);
      },
      hindered: (reason) => this.#tell(server, 'hindered', reason),
    };
  }

  #tell({ peer }: Server, state: string, words: string): void {
    const told = words === '' ? '' : `: ${words}`;
    this.#run.log.say(`connection ${state}`, `${peer.name}: connection ${state}${told}`);
  }

  attach(position: number, receiver: Receiver): void {
    const server = this.#servers[position];
    if (server === undefined) return;
    server.receiver = receiver;
    for (const receive of server.early.splice(0)) receive();
  }

  /** Answers a burst of what was held up to `nowUs`. Returns when the next hold ends; not after `nowUs`: there is more. */
  advance(nowUs: number): number {
    for (let i = 0; i < burst; i++) {
      const held = this.#holds.take(nowUs);
      if (held === undefined) break;
      this.#answer(held.server, held.body, held.context, held.receivedUs, held.clientSite);
    }
    return this.#holds.nextUs();
  }

  ledgers(): Generator<ServerLedger> {
    return this.#books.entries(this.#record.timed);
  }

  arrivals(): Iterable<ArrivalsPart> {
    return this.#record.arrivals();
  }

  *rows(): Generator<PeerRow> {
    for (const { peer, handled, responses } of this.#servers) {
      yield {
        peer: peer.name,
        role: 'server',
        index: peer.index,
        site: peer.site,
        topic: peer.topic,
        due: handled,
        completed: handled,
        local: 0,
        failed: 0,
        responseP50Us: responses.quantile(0.5, 0),
        responseP99Us: responses.quantile(0.99, 0),
      };
    }
  }

  #received(server: Server, body: Buffer, redelivered: boolean, context: unknown): void {
    const { assignment, tally, nowUs } = this.#run;
    const receivedUs = nowUs();
    const header = this.#request;
    if (!readHeader(body, header) || header.runTag !== assignment.runTag) {
      tally.foreign++;
      server.receiver?.settle(context);
      return;
    }
    if ((header.flags & flagProbe) !== 0) {
      // The reply of a call proves the way back, too, so that only the client's word counts then.
      if (this.#workload.replied === null) {
        this.#hooks.probed(header.client, header.sequence, server.peer.subscriber);
      }
      this.#answer(server, body, context, receivedUs, null);
      return;
    }
    tally.delivered++;
    const measured = header.phase === phaseMeasure;
    if (measured) this.#enter(server, header, redelivered, receivedUs);
    const thinkUs = this.#thinkUs(header.client, positionOf(header.sequence, measured));
    const clientSite = measured && this.#workload.replied === null ? header.clientSite : null;
    if (thinkUs === 0) {
      this.#answer(server, body, context, receivedUs, null);
      return;
    }
    const untilUs = receivedUs + thinkUs;
    this.#holds.add(untilUs, { server, body, context, receivedUs, clientSite });
    this.#hooks.wake(untilUs);
  }

  #enter(server: Server, header: Header, redelivered: boolean, receivedUs: number): void {
    this.#run.tally.handled++;
    server.handled++;
    const { client, clientSite, sequence } = header;
    if (!server.book.deliver(client, clientSite, sequence, redelivered)) return;
    this.#record.add(header, server, receivedUs);
  }

  #answer(
    server: Server,
    body: Buffer,
    context: unknown,
    receivedUs: number,
    clientSite: number | null,
  ): void {
    const repliedUs = this.#run.nowUs();
    if (this.#workload.replied !== null) {
      const reply = this.#reply;
      reply.server = server.peer.index;
      reply.serverSite = server.site;
      reply.receivedUs = receivedUs;
      reply.repliedUs = repliedUs;
      const answer = this.#replyBody(body);
      writeReply(answer, reply);
      server.receiver?.reply(context, answer);
    }
    if (clientSite !== null) {
      this.#run.recorder.pair(clientSite, server.site).hold.record(repliedUs - receivedUs);
    }
    server.receiver?.settle(context);
  }

  /** The body to send back, its request header in place. The request's own buffer is used where it is long enough. */
  #replyBody(request: Buffer): Buffer {
    const { reply } = this.#run.assignment.workload;
    const bytes = replyBytes(reply, request.length);
    if (bytes <= request.length) return request.subarray(0, bytes);
    const answer = this.#bodies.make(bytes);
    request.copy(answer, 0, 0, requestHeaderBytes);
    return answer;
  }
}

function replyBytes(
  reply: RunState['assignment']['workload']['reply'],
  requestBytes: number,
): number {
  switch (reply.kind) {
    case 'echo':
      return Math.max(replyHeaderBytes, requestBytes);
    case 'empty':
      return replyHeaderBytes;
    case 'fixed':
      return Math.max(replyHeaderBytes, reply.bytes);
  }
}
