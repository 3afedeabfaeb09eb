import { createInterface } from 'node:readline';
import type { HostProcess } from '../hosts/host.ts';

/** Names of calls, each with what is asked and what is answered: plain JSON both. */
export type Calls<C> = { [K in keyof C]: { ask: unknown; answer: unknown } };

type Handlers<C extends Calls<C>> = {
  readonly [K in keyof C]: (ask: C[K]['ask']) => Promise<C[K]['answer']> | C[K]['answer'];
};

type Answer =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } };

/** A refusal by the process at the other end; `code` is a system error's (EADDRINUSE ...) where there is one. */
export class RequestError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Asks a helper process over its stdin and stdout, one JSON object a line; answers may come in any order. */
export class RequestLine<C extends Calls<C>> {
  readonly #process: HostProcess;
  readonly #pending = new Map<
    number,
    { resolve(answer: unknown): void; reject(error: Error): void }
  >();
  #lastId = 0;
  #lost: Error | null = null;

  /** `lost` makes the error of every request that the end of the process leaves open. */
  constructor(child: HostProcess, lost: (how: string) => Error) {
    if (child.stdout === null) throw new TypeError('a request line needs a piped process');
    this.#process = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#settle(line));
    void child.exited.then(({ code, signal }) => {
      this.#lost = lost(signal === null ? `exit code ${code}` : `signal ${signal}`);
      for (const { reject } of this.#pending.values()) reject(this.#lost);
      this.#pending.clear();
    });
  }

  request<K extends keyof C & string>(name: K, ask: C[K]['ask']): Promise<C[K]['answer']> {
    if (this.#lost !== null) return Promise.reject(this.#lost);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#process.stdin?.write(`${JSON.stringify({ id, name, ask })}\n`);
    });
  }

  #settle(line: string): void {
    const reply: Answer = JSON.parse(line);
    const waiting = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('error' in reply) {
      waiting?.reject(new RequestError(reply.error.code, reply.error.message));
    } else {
      waiting?.resolve(reply.answer);
    }
  }
}

/** The other end: answers requests until stdin closes, which means that whoever asked is gone, then exits. */
export function serveRequests<C extends Calls<C>>(handlers: Handlers<C>): void {
  const { stdin, stdout } = process;
  const lines = createInterface({ input: stdin });
  lines.on('line', (line) => {
    const { id, name, ask } = JSON.parse(line) as { id: number; name: keyof C; ask: unknown };
    void Promise.resolve()
      .then(() => handlers[name](ask as C[keyof C]['ask']))
      .then(
        (answer): Answer => ({ id, answer }),
        (error: NodeJS.ErrnoException): Answer => ({
          id,
          error: { code: error.code ?? 'FAILED', message: error.message },
        }),
      )
      .then((reply) => stdout.write(`${JSON.stringify(reply)}\n`));
  });
  lines.on('close', () => process.exit(0));
}
