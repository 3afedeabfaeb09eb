/**
 * How an agent that was started by hand finds its controller, before the protocol of `protocol.ts` begins: one TLS 1.3
 * connection, authenticated both ways by a shared token (a pre-shared key), one JSON object a line.
 */
import { hkdfSync } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';

/** Both sides refuse another version of what is said here. */
export const joiningVersion = 1;

/** What an agent says first. */
export interface JoinRequest {
  readonly type: 'join';
  readonly version: number;
  /** Version of the package, for messages. */
  readonly busbench: string;
  /** Told apart by it: two agents of one name cannot be in one test. */
  readonly name: string;
  readonly role: 'client' | 'server';
  readonly site: string;
  readonly topic: string;
  readonly peers: number;
  readonly pid: number;
  /** The broker's URL, without a login. */
  readonly url: string;
  readonly protocol: '0-9-1' | '1.0';
  /** Credentials of the broker; they go over the encrypted connection and are kept nowhere. */
  readonly login: { readonly username: string; readonly password: string } | null;
  /** PEM text of the authorities that the broker's certificate is checked with; null for the system's. */
  readonly ca: string | null;
}

/**
 * `joined`: wait. `begin`: the protocol follows. `later`: your test is still being concluded, try again. `shutdown`: end.
 * `refused`: end, for that reason.
 */
export type JoinAnswer =
  | { readonly type: 'joined' | 'begin' | 'later' | 'shutdown' }
  | {
      readonly type: 'refused';
      readonly message: string;
      readonly hint: string;
    };

/** Of a TLS-PSK connection; a captured handshake tells nothing of later ones (ephemeral keys). */
export const channelSecurity: SecureContextOptions = {
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
};

/** What both sides name the key by. */
export const keyIdentity = `busbench/${joiningVersion}`;

/** The key of a connection: HKDF-SHA256 (RFC 5869) of the token. */
export function keyOf(token: string): Buffer {
  return Buffer.from(hkdfSync('sha256', token, '', 'busbench/control/1', 32));
}

/** Longer first lines are not ours; a bundle of authorities fits in. */
const maxLineBytes = 1 << 20;

/** The next line of a stream; what follows it stays to be read. Null when the stream ends before a line does. */
export function nextLine(stream: Readable): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = (act: () => void): void => {
      stream.off('readable', read);
      for (const event of ['end', 'close']) stream.off(event, ended);
      stream.off('error', failed);
      act();
    };
    const ended = (): void => done(() => resolve(null));
    const failed = (error: Error): void => done(() => reject(error));
    const read = (): void => {
      for (let chunk: Buffer | null = stream.read(); chunk !== null; chunk = stream.read()) {
        const end = chunk.indexOf(10);
        chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
        bytes += chunk.length;
        if (end >= 0) {
          const rest = chunk.subarray(end + 1);
          done(() => {
            if (rest.length > 0) stream.unshift(rest);
            resolve(Buffer.concat(chunks).toString('utf8'));
          });
          return;
        }
        if (bytes > maxLineBytes) {
          failed(new Error(`a line of over ${maxLineBytes} bytes`));
          return;
        }
      }
    };
    stream.on('readable', read);
    for (const event of ['end', 'close']) stream.on(event, ended);
    stream.on('error', failed);
    if (stream.destroyed || stream.readableEnded) ended();
    else read();
  });
}

/** Says one thing before the protocol begins. */
export function say(stream: Writable, what: JoinRequest | JoinAnswer): void {
  stream.write(`${JSON.stringify(what)}\n`);
}
