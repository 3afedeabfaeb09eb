import type { Socket } from 'node:net';
import type { Channel, ChannelModel } from 'amqplib';
import { DriverError } from '../../errors.ts';

/**
 * What we use of amqplib's connection beyond its public face: its socket, and its own reader for every frame that is
 * not a message. Present in amqplib 0.10 to 2; checked when a connection opens.
 */
export interface AmqplibConnection {
  readonly stream: Socket;
  readonly frameMax: number;
  /** Bytes read and not yet parsed; `recvFrame` takes one frame from them. */
  rest: Buffer;
  recvFrame(): unknown;
  accept(frame: unknown): void;
  emit(event: 'frameError', error: unknown): boolean;
  /** Looked at by its heartbeat. */
  recvSinceLastCheck: boolean;
  sentSinceLastCheck: boolean;
}

/** Rejects an amqplib whose inside has changed, instead of misbehaving with it. */
export function connectionOf(model: ChannelModel): AmqplibConnection {
  const connection = model.connection as unknown as Partial<AmqplibConnection>;
  if (
    connection.stream &&
    typeof connection.recvFrame === 'function' &&
    typeof connection.accept === 'function' &&
    typeof connection.frameMax === 'number' &&
    Buffer.isBuffer(connection.rest)
  ) {
    return connection as AmqplibConnection;
  }
  throw new DriverError(
    'AMQPLIB_UNKNOWN_VERSION',
    'amqplib: its connection does not look as expected (stream, recvFrame, accept, frameMax, rest)',
    'Install the version of package-lock.json: `npm ci`.',
  );
}

/** Number of a channel on its connection. */
export function channelNumber(channel: Channel): number {
  return (channel as unknown as { readonly ch: number }).ch;
}
