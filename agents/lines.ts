import type { Readable, Writable } from 'node:stream';

/**
 * JSON lines, the one framing of everything that our processes say to each other: an object a line, UTF-8. Whoever
 * reads says of whom, so that an error can name who said what.
 */

/** What somebody sent is no JSON line, or one without an end. */
export class LineError extends Error {
  constructor(who: string, what: string, options?: ErrorOptions) {
    super(`expected ${who} to say one JSON object a line, got ${what}`, options);
    this.name = new.target.name;
  }
}

/** Far more than anybody has to say at once; what goes on for longer is no line of ours. */
const usualMaxBytes = 64 * 1024 * 1024;
const quotedChars = 200;
const newline = 0x0a;

/** Cuts bytes, in whatever pieces they come, into messages. */
export class LineReader<T> {
  readonly #who: string;
  readonly #maxBytes: number;
  /** Pieces of the line that has not ended yet. */
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(who: string, maxBytes: number = usualMaxBytes) {
    this.#who = who;
    this.#maxBytes = maxBytes;
  }

  /** The messages that this piece completes, in order; empty lines are none. Throws a LineError. */
  *take(piece: Uint8Array): Generator<T> {
    let from = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, from)) {
      const line = this.#join(piece.subarray(from, end));
      from = end + 1;
      if (line.trim() !== '') yield this.#parse(line);
    }
    if (from < piece.length) this.#keep(piece.subarray(from));
  }

  /** The message after the last line's end, where a stream ended without one. Throws a LineError. */
  *rest(): Generator<T> {
    const line = this.#join(new Uint8Array(0));
    if (line.trim() !== '') yield this.#parse(line);
  }

  #keep(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#maxBytes) {
      const begin = Buffer.from(this.#pieces[0] ?? piece).toString('utf8', 0, quotedChars);
      throw new LineError(this.#who, `more than ${this.#maxBytes} bytes that begin '${begin}'`);
    }
    // A copy: the piece may be read into again by whoever gave it.
    this.#pieces.push(Uint8Array.from(piece));
  }

  #join(end: Uint8Array): string {
    const line = Buffer.concat([...this.#pieces, end]).toString('utf8');
    this.#pieces = [];
    this.#bytes = 0;
    return line;
  }

  #parse(line: string): T {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch (cause) {
      throw new LineError(this.#who, `'${line.slice(0, quotedChars)}'`, { cause });
    }
    if (typeof message === 'object' && message !== null) return message as T;
    throw new LineError(this.#who, `'${line.slice(0, quotedChars)}'`);
  }
}

/** What becomes of what a stream says. */
export interface LineEvents<T> {
  readonly onMessage: (message: T) => void;
  /** Something is no line; nothing that comes after it is looked at. */
  readonly onWrong: (error: LineError) => void;
  /** Once, when the stream has ended or broken; not after `onWrong`. */
  readonly onClose?: () => void;
}

/** Reads a stream to its end. Both ends are ours: a message is taken at its word. */
export function readLines<T>(
  input: Readable,
  who: string,
  events: LineEvents<T>,
  maxBytes?: number,
): void {
  const reader = new LineReader<T>(who, maxBytes);
  let over = false;
  const give = (messages: Iterable<T>): void => {
    try {
      for (const message of messages) events.onMessage(message);
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      over = true;
      input.resume();
      events.onWrong(error);
    }
  };
  const close = (): void => {
    if (over) return;
    give(reader.rest());
    if (over) return;
    over = true;
    events.onClose?.();
  };
  input.on('data', (piece: Buffer) => {
    if (!over) give(reader.take(piece));
  });
  input.on('end', close).on('close', close).on('error', close);
}

/** The same to be looped over; a stream that breaks has ended. Throws a LineError. */
export async function* messagesOf<T>(input: Readable, who: string): AsyncGenerator<T> {
  const reader = new LineReader<T>(who);
  try {
    // Whoever has read enough may still have something to say on the same connection.
    const pieces = input.iterator({ destroyOnReturn: false });
    for await (const piece of pieces) yield* reader.take(piece);
  } catch (error) {
    if (error instanceof LineError) throw error;
  }
  yield* reader.rest();
}

/** Says one thing; false when the other side has not taken what it was told before. */
export function writeLine(output: Writable, message: object): boolean {
  return output.write(lineOf(message));
}

/** A message as bytes that any reader of lines takes. */
export function lineOf(message: object): string {
  return `${JSON.stringify(message)}\n`;
}

/** Of a line that introduces somebody; a bundle of authorities fits in. */
const maxFirstBytes = 1 << 20;

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
        const end = chunk.indexOf(newline);
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
        if (bytes > maxFirstBytes) {
          failed(new Error(`a line of over ${maxFirstBytes} bytes`));
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
