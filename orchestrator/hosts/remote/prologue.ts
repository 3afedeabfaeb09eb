import type { Readable } from 'node:stream';

/** Reads lines off a stream until they end and something else begins: nothing that follows them is taken. */
export class Prologue {
  readonly #stream: Readable;
  readonly #take: (chunk: Buffer) => void;
  readonly #over: () => void;
  #read = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  constructor(stream: Readable) {
    this.#stream = stream;
    this.#take = (chunk) => {
      this.#read = Buffer.concat([this.#read, chunk]);
      this.#wake();
    };
    this.#over = () => {
      this.#ended = true;
      this.#wake();
    };
    stream.on('data', this.#take).on('end', this.#over).on('close', this.#over);
  }

  /** The next line whose first word is this; what a login shell says before it is passed over. Null at the end. */
  async lineThatBegins(word: string): Promise<string | null> {
    for (;;) {
      const end = this.#read.indexOf('\n');
      if (end >= 0) {
        const line = this.#read.toString('utf8', 0, end).trimEnd();
        this.#read = this.#read.subarray(end + 1);
        if (line.split(' ', 1)[0] === word) return line;
      } else if (this.#ended) return null;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Gives the stream back, with all that came after the last line. */
  release(): void {
    this.#stream.pause();
    this.#stream.off('data', this.#take).off('end', this.#over).off('close', this.#over);
    if (this.#read.length > 0) this.#stream.unshift(this.#read);
  }
}
