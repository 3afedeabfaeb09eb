/**
 * How an agent that was started by hand finds its controller, before the protocol of `protocol.ts` begins: one TLS 1.3
 * connection, authenticated both ways by a shared token (a pre-shared key), one JSON object a line.
 */
import { hkdfSync } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import { writeLine } from './lines.ts';

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

/** Says one thing before the protocol begins. */
export function say(stream: Writable, what: JoinRequest | JoinAnswer): void {
  writeLine(stream, what);
}
