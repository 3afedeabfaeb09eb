import type { ExitStatus, HostProcess, ProcessSample, SpawnOptions } from '../host.ts';

// What the two ends of a remote host say to each other: HTTP/2 over one pair of byte streams, so that every process
// there has streams and flow control of its own.

/** The line after which the program there speaks HTTP/2. What a login shell may say comes before it. */
export const greeting = 'busbench-remote/1';

/** Headers of a request; `order` is JSON in base64url, for a header may not hold a line break. */
export const orderHeader = 'busbench-order';

/** Paths of requests that are streams. */
export const paths = {
  /** Order: SpawnOrder. With pipes the body is stdin, and the answer's is stdout. */
  spawn: '/spawn',
  /** Answered for as long as the session lasts, with one `Happening` a line. */
  happenings: '/happenings',
  /** Order: a name below the directory. The body is the content; answers the path. */
  put: '/put',
  /** Order: a path. Answers the content. */
  get: '/get',
  /** Order: { name, ask } of `RemoteCalls`. */
  call: '/call',
} as const;

export interface SpawnOrder extends Pick<SpawnOptions, 'cwd' | 'env' | 'stdio'> {
  /** Chosen by whoever asks: what it is called from then on. */
  readonly id: number;
  readonly command: readonly string[];
}

/** What becomes of processes, in order for each: all that it says on stderr comes before its end. */
export type Happening =
  | { readonly id: number; readonly log: string }
  | { readonly id: number; readonly exit: ExitStatus };

/** Questions with one answer, plain JSON both. */
export interface RemoteCalls {
  facts: { ask: null; answer: HostFacts };
  signal: {
    ask: { readonly id: number; readonly signal: Parameters<HostProcess['signal']>[0] };
    answer: null;
  };
  /** Answers once the end has begun; that it is over is a happening. */
  end: { ask: { readonly id: number; readonly graceMs: number }; answer: null };
  /** The IPv4 address that a name has there; null for none. */
  resolve: { ask: string; answer: string | null };
  sample: { ask: readonly number[]; answer: readonly (ProcessSample | null)[] };
  /** Kills everything and removes the directory: nothing of us is left when it answers. */
  leave: { ask: null; answer: null };
}

/** What a machine says of itself. */
export interface HostFacts {
  readonly directory: string;
  /** Node of that machine, by its path, and our code there. */
  readonly nodePath: string;
  readonly root: string;
  readonly node: string;
  readonly kernel: string;
  readonly arch: string;
  readonly cores: number;
  /** Its own name. */
  readonly hostname: string;
  /** The address at which ssh reached it; null where it was not ssh. */
  readonly reachedAt: string | null;
  /** Ids of runs that died there, and whose leftovers were removed when this one came. */
  readonly cleared: readonly string[];
  /** IPv4 addresses of its interfaces. */
  readonly addresses: readonly string[];
}

/** An error of the other end, as it travels. */
export interface RemoteRefusal {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Either side takes the other for gone after this much silence. The controller is the first to notice, and says so. */
export const pulseMs = 2_000;
export const silenceThereMs = 10_000;
export const silenceHereMs = 8_000;
/** Both sides: a stream may have this much under way; a window of 64 KiB would crawl over a long path. */
export const windowBytes = 4 * 1024 * 1024;
export const sessionWindowBytes = 16 * 1024 * 1024;

export function encodeOrder(order: unknown): string {
  return Buffer.from(JSON.stringify(order)).toString('base64url');
}

export function decodeOrder(text: unknown): unknown {
  return JSON.parse(Buffer.from(String(text), 'base64url').toString());
}
