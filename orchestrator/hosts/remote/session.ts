import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { nowUs } from '../../../agents/clock.ts';
import { readLines } from '../../../agents/lines.ts';
import { Silence } from '../../../agents/silence.ts';
import { HostError } from '../../errors.ts';
import {
  encodeOrder,
  type Happening,
  orderHeader,
  paths,
  pulseMs,
  type RemoteCalls,
  type RemoteRefusal,
  sessionWindowBytes,
  silenceHereMs,
  windowBytes,
} from './protocol.ts';

const explainMs = 500;

/** Our end of the connection to a machine: requests over a pair of byte streams, for as long as the machine answers. */
export class Session {
  readonly #name: string;
  readonly #http: ClientHttp2Session;
  readonly #silence: Silence;
  readonly #pulse: NodeJS.Timeout;
  readonly #listeners = new Set<(error: HostError) => void>();
  #lost: HostError | null = null;

  constructor(name: string, input: Readable, output: Writable) {
    this.#name = name;
    const duplex = Duplex.from({ readable: input, writable: output });
    this.#http = connect('http://busbench', {
      createConnection: () => duplex,
      settings: { initialWindowSize: windowBytes, enablePush: false },
      maxSessionMemory: 1_000,
    });
    this.#http.on('connect', () => this.#http.setLocalWindowSize(sessionWindowBytes));
    // Whoever carries the streams may know better why they ended, a moment later.
    const ended = (why: string): void => {
      setTimeout(() => this.fail(why), explainMs);
    };
    this.#http.on('error', (error) => ended(`its connection broke: ${error.message}`));
    this.#http.on('close', () => ended('its connection ended'));
    this.#silence = new Silence(nowUs, (ms) =>
      this.fail(`it has said nothing for ${Math.round(ms / 1e3)} s`),
    );
    this.#silence.limit(silenceHereMs);
    input.on('data', () => this.#silence.heard());
    this.#pulse = setInterval(() => this.#ping(), pulseMs);
    this.#pulse.unref();
  }

  #ping(): void {
    if (this.#http.destroyed) return;
    this.#http.ping((error) => {
      if (error === null) this.#silence.heard();
    });
  }

  /** Why nothing further comes from that machine; null while it is there. */
  get lost(): HostError | null {
    return this.#lost;
  }

  /** Calls `listener` once should the machine be lost, at once if it is. */
  onLost(listener: (error: HostError) => void): void {
    if (this.#lost === null) this.#listeners.add(listener);
    else listener(this.#lost);
  }

  /** The machine is gone, for this reason; the first one counts. */
  fail(why: string): void {
    if (this.#lost !== null) return;
    this.#lost = new HostError(
      'HOST_LOST',
      `${this.#name} is lost: ${why}`,
      'Is the machine up, and the network to it? What it had of this run removes itself after some seconds.',
    );
    this.#end();
    for (const listener of this.#listeners) listener(this.#lost);
    this.#listeners.clear();
  }

  #end(): void {
    this.#silence.close();
    clearInterval(this.#pulse);
    this.#http.destroy();
  }

  /** Ends the connection in peace; the far end clears up. */
  close(): void {
    this.fail('it was let go');
  }

  /** A request whose body and answer are streams; settles with the answer's headers, rejects with what was refused. */
  async open(
    path: string,
    order: unknown,
    body?: string | Uint8Array,
  ): Promise<{ readonly stream: ClientHttp2Stream; readonly pid: number }> {
    if (this.#lost !== null) throw this.#lost;
    const headers = { ':method': 'POST', ':path': path, [orderHeader]: encodeOrder(order) };
    const stream = this.#http.request(headers, { endStream: false });
    stream.on('error', () => {});
    if (body !== undefined) stream.end(body);
    const { status, pid } = await this.#answered(stream);
    if (status === 200) return { stream, pid };
    stream.end();
    const refusal: RemoteRefusal = JSON.parse(await text(stream));
    throw new HostError(refusal.code, refusal.message, refusal.hint);
  }

  #answered(stream: ClientHttp2Stream): Promise<{ status: number; pid: number }> {
    return new Promise((resolve, reject) => {
      stream.once('response', (headers) =>
        resolve({ status: headers[':status'] ?? 0, pid: Number(headers['busbench-pid'] ?? 0) }),
      );
      stream.once('close', () => {
        const unanswered = new HostError(
          'HOST_LOST',
          `${this.#name} gave no answer`,
          'Its connection may have ended; look at its log.',
        );
        reject(this.#lost ?? unanswered);
      });
    });
  }

  /** The whole answer to a request with this body. */
  async exchange(path: string, order: unknown, body: string | Uint8Array = ''): Promise<Buffer> {
    const { stream } = await this.open(path, order, body);
    try {
      return await buffer(stream);
    } catch (error) {
      throw this.#lost ?? error;
    }
  }

  async call<K extends keyof RemoteCalls>(
    name: K,
    ask: RemoteCalls[K]['ask'],
  ): Promise<RemoteCalls[K]['answer']> {
    return JSON.parse((await this.exchange(paths.call, { name, ask })).toString());
  }

  /** Tells `take` of everything that happens there from now on, in order. */
  async follow(take: (happening: Happening) => void): Promise<void> {
    const { stream } = await this.open(paths.happenings, null, '');
    readLines<Happening>(stream, this.#name, {
      onMessage: take,
      onWrong: (error) => this.fail(error.message),
    });
  }
}
