import { Socket } from 'node:net';
import type { RelayRoute } from './relay-protocol.ts';
import type { RelayedLink } from './relayed-link.ts';

/** What all flows of the relay hold together; each may hold a share of what is left (Choudhury and Hahne, 1998). */
const memoryBytes = 512 * 1024 * 1024;
const memoryShare = 1 / 16;
const minWindowBytes = 64 * 1024;
let heldBytes = 0;

/** How often a flow had to wait although its link had room: the relay was the limit, not the link. */
let stalls = 0;

/** Stalls since the last call. */
export function takeStalls(): number {
  const taken = stalls;
  stalls = 0;
  return taken;
}

/**
 * Joins an accepted connection to its target across two links as TCP would: nothing is read before SYN and SYN-ACK
 * have crossed, the target is dialled when the ACK arrives, and data, FIN and RST follow in order.
 */
export function tunnel(
  client: Socket,
  { target, counted }: RelayRoute,
  forward: RelayedLink,
  backward: RelayedLink,
): void {
  const upstream = new Socket({ allowHalfOpen: true });
  upstream.setNoDelay(true);
  resetAcross(client, forward, upstream);
  resetAcross(upstream, backward, client);
  forward.carry(0, () => {
    backward.carry(0, () => {
      forward.carry(0, () => {
        if (upstream.destroyed) return;
        upstream.connect(target.port, target.address);
        flow(upstream, backward, client, counted);
      });
      flow(client, forward, upstream, counted);
    });
  });
}

/** A socket that fails here (reset, refused) resets the other end, later. */
function resetAcross(source: Socket, link: RelayedLink, sink: Socket): void {
  source.on('error', () => {
    link.carry(0, () => {
      if (!sink.destroyed) sink.resetAndDestroy();
    });
  });
}

/** One direction: what `source` says arrives at `sink` in order, within a window that bounds memory. */
function flow(source: Socket, link: RelayedLink, sink: Socket, counted: boolean): void {
  let held = 0;
  let waiting = false;

  const windowBytes = (): number =>
    Math.max(minWindowBytes, (memoryBytes - heldBytes) * memoryShare);

  const goOn = (): void => {
    if (waiting && held + sink.writableLength <= windowBytes() / 2) {
      waiting = false;
      source.resume();
    }
  };

  const pauseIfFull = (): void => {
    if (link.full(resume)) {
      source.pause();
      return;
    }
    if (held + sink.writableLength <= windowBytes()) return;
    if (held > windowBytes() && link.unlimited) stalls++;
    waiting = true;
    source.pause();
  };

  const resume = (): void => {
    source.resume();
  };

  const send = (piece: Buffer): void => {
    held += piece.length;
    heldBytes += piece.length;
    link.carry(piece.length, () => {
      held -= piece.length;
      heldBytes -= piece.length;
      if (counted) link.bytes += piece.length;
      if (sink.writable) sink.write(piece);
      goOn();
    });
  };

  source.on('data', (chunk: Buffer) => {
    const { pieceBytes } = link;
    if (chunk.length <= pieceBytes) send(chunk);
    else {
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        send(chunk.subarray(at, at + pieceBytes));
      }
    }
    pauseIfFull();
  });
  source.on('end', () => {
    link.carry(0, () => {
      sink.end();
    });
  });
  sink.on('drain', goOn);
  source.resume();
}
