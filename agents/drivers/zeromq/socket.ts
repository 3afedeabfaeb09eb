import { createRequire } from 'node:module';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Context, Dealer, Router, type SocketOptions, version } from 'zeromq';
import { DriverError } from '../../errors.ts';

/** ZMQ_HICCUP_MSG of libzmq's draft API: what a socket receives when an established connection breaks. */
const hiccupMessage = 114;

/** Simultaneous connects beyond this wait a second for their SYN to be sent again; the kernel's own limit applies. */
const acceptBacklog = 4096;

/** Messages handled in a row before timers and other sockets get a turn. */
const burst = 64;

/** Versions of the npm package and of the libzmq inside it. */
export const versions: { readonly [name: string]: string } = {
  zeromq: (createRequire(import.meta.url)('zeromq/package.json') as { version: string }).version,
  libzmq: version,
};

/** By the number of its threads. */
const contexts = new Map<number, Context>();

/**
 * The context of this process, for as many sockets as libzmq allows; its default of 1 023 is too few for many peers. All
 * agents of the process share it and its threads, or each of them would bring two of its own.
 */
export function sharedContext(ioThreads: number): Context {
  const known = contexts.get(ioThreads);
  if (known !== undefined) return known;
  const context = new Context({ ioThreads });
  context.maxSockets = context.maxSocketsLimit;
  contexts.set(ioThreads, context);
  return context;
}

/**
 * A DEALER that is told about its connection in the message stream itself: an empty frame when the peer's event
 * loop has greeted it, a frame of one byte when the connection broke. A socket monitor would say the same but
 * costs two more sockets and file descriptors each.
 */
export class ToldDealer extends Dealer {
  constructor(options: SocketOptions<Dealer>) {
    super(options);
    try {
      this.setStringOption(hiccupMessage, Buffer.of(0));
    } catch (cause) {
      this.close();
      throw new DriverError(
        'ZEROMQ_WITHOUT_DRAFT',
        `libzmq ${version} of the zeromq package was built without its draft API, which tells us of lost connections`,
        'Reinstall zeromq with its own prebuilt binaries: `npm install --force zeromq`.',
        { cause },
      );
    }
  }
}

/**
 * A ROUTER that greets every new connection with an empty frame. It drops replies to peers that are gone, but none
 * for want of room: they are bounded by the requests that they answer, and a ROUTER drops what exceeds its mark.
 */
export function makeRouter(context: Context, highWaterMark: number): Router {
  return new Router({
    context,
    linger: 0,
    ipv6: true,
    backlog: acceptBacklog,
    probeRouter: true,
    sendTimeout: 0,
    sendHighWaterMark: 0,
    receiveHighWaterMark: highWaterMark,
  });
}

/** Hands every message to `onParts` until the socket is closed; where that returns a promise, waits for it. */
export async function pump(
  socket: Dealer | Router,
  onParts: (parts: Buffer[]) => Promise<void> | void,
): Promise<void> {
  let handled = 0;
  while (!socket.closed) {
    let parts: Buffer[];
    try {
      parts = await socket.receive();
    } catch (error) {
      // Closing a socket ends its pending receive with EAGAIN; so may a wake-up for nothing.
      if (socket.closed || (error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      continue;
    }
    // Closed by whoever ran between arrival and now.
    if (socket.closed) return;
    const busy = onParts(parts);
    if (busy !== undefined) await busy;
    if (++handled % burst === 0) await nextTurn();
  }
}
