import { Socket } from 'node:net';
import type { Channel, ChannelModel } from 'amqplib';

/**
 * What we use of amqplib's connection beyond its public face: its socket, and its own reader for every frame that is
 * not a message. Every member is looked at when a connection opens; where one is not as we know it, messages go
 * through amqplib's public face instead: a slower path is a finding, a wrong number is a lie.
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

/** How each member must look on a connection that has just opened. */
const expected: readonly (readonly [
  name: keyof AmqplibConnection,
  is: (it: unknown) => boolean,
])[] = [
  ['stream', (it) => it instanceof Socket],
  ['frameMax', (it) => typeof it === 'number' && it >= 4096],
  ['rest', (it) => Buffer.isBuffer(it)],
  ['recvFrame', (it) => typeof it === 'function'],
  ['accept', (it) => typeof it === 'function'],
  ['emit', (it) => typeof it === 'function'],
  ['recvSinceLastCheck', (it) => typeof it === 'boolean'],
  ['sentSinceLastCheck', (it) => typeof it === 'boolean'],
];

/** What of an open connection is not as we know it; none when we may read and write it ourselves. */
export function differencesOf(model: ChannelModel): readonly string[] {
  const connection = model.connection as unknown as Partial<AmqplibConnection>;
  const wrong = expected
    .filter(([name, is]) => !is(connection[name]))
    .map(([name]) => String(name));
  if (wrong.length > 0) return wrong;
  const stream = connection.stream;
  const readers = stream?.listenerCount('readable') ?? 0;
  if (readers !== 1 || (stream?.listenerCount('data') ?? 0) > 0) wrong.push('readable');
  return wrong;
}

/** The connection's inside; only where there are no differences. */
export function insideOf(model: ChannelModel): AmqplibConnection {
  return model.connection as unknown as AmqplibConnection;
}

/** Number of a channel on its connection; null where amqplib keeps it elsewhere. */
export function channelNumber(channel: Channel): number | null {
  const { ch } = channel as unknown as { readonly ch?: unknown };
  return typeof ch === 'number' && Number.isInteger(ch) && ch > 0 ? ch : null;
}

/** Ends a connection as a network would, without a goodbye; with one where its socket cannot be found. */
export function cutOff(model: ChannelModel, why: string): void {
  const { stream } = model.connection as unknown as { readonly stream?: unknown };
  if (stream instanceof Socket) stream.destroy(new Error(why));
  else void model.close().catch(() => {});
}
