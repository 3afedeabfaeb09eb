import { LineReader, readLines, writeLine } from '../../agents/lines.ts';
import type { HostProcess } from './host.ts';

/** Names of calls, each with what is asked and what is answered: plain JSON both. */
export type Calls<C> = { [K in keyof C]: { ask: unknown; answer: unknown } };

type Handlers<C extends Calls<C>> = {
  readonly [K in keyof C]: (ask: C[K]['ask']) => Promise<C[K]['answer']> | C[K]['answer'];
};

/** What an answer may be without waiting for anything. */
type PromptHandlers<C extends Calls<C>> = {
  readonly [K in keyof C]: (ask: C[K]['ask']) => C[K]['answer'];
};

interface Request<C extends Calls<C>> {
  readonly id: number;
  readonly name: keyof C;
  readonly ask: C[keyof C]['ask'];
}

type Answer =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } };

/** A refusal by the program that was asked; `code` is a system error's (EADDRINUSE ...) where there is one. */
export class CallError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Asks a process over its stdin and stdout; answers may come in any order. */
export class CallLine<C extends Calls<C>> {
  readonly #process: HostProcess;
  readonly #lost: (how: string) => Error;
  readonly #pending = new Map<
    number,
    { resolve(answer: unknown): void; reject(error: Error): void }
  >();
  #lastId = 0;
  #loss: Error | null = null;

  /** `lost` makes the error of every call that the end of the process leaves open, and of every later one. */
  constructor(child: HostProcess, who: string, lost: (how: string) => Error) {
    if (child.stdout === null) throw new TypeError(`${who} needs pipes to be asked`);
    this.#process = child;
    this.#lost = lost;
    readLines<Answer>(child.stdout, who, {
      onMessage: (answer) => this.#settle(answer),
      onWrong: (error) => this.#lose(error.message),
    });
    void child.exited.then(({ code, signal }) =>
      this.#lose(`it ended by ${signal === null ? `exit code ${code}` : signal}`),
    );
  }

  request<K extends keyof C & string>(name: K, ask: C[K]['ask']): Promise<C[K]['answer']> {
    const { stdin } = this.#process;
    if (this.#loss !== null || stdin === null) {
      return Promise.reject(this.#loss ?? this.#lost('it has no stdin'));
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      writeLine(stdin, { id, name, ask });
    });
  }

  #settle(reply: Answer): void {
    const waiting = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('error' in reply) waiting?.reject(new CallError(reply.error.code, reply.error.message));
    else waiting?.resolve(reply.answer);
  }

  #lose(how: string): void {
    this.#loss ??= this.#lost(how);
    for (const { reject } of this.#pending.values()) reject(this.#loss);
    this.#pending.clear();
  }
}

/** The other end: answers until stdin closes, which means that whoever asked is gone, then exits. */
export function serveCalls<C extends Calls<C>>(handlers: Handlers<C>): void {
  const { stdin, stdout } = process;
  readLines<Request<C>>(stdin, 'whoever started this program', {
    onMessage: ({ id, name, ask }) =>
      void Promise.resolve()
        .then(() => handlers[name](ask))
        .then(
          (answer): Answer => ({ id, answer }),
          (error: unknown) => refusal(id, error),
        )
        .then((reply) => writeLine(stdout, reply)),
    onWrong: (error) => {
      throw error;
    },
    onClose: () => process.exit(0),
  });
}

/** The other end for a program that has no event loop: give it what was read, and write what it returns. */
export function promptAnswers<C extends Calls<C>>(
  handlers: PromptHandlers<C>,
): (piece: Uint8Array) => readonly object[] {
  const reader = new LineReader<Request<C>>('whoever started this program');
  return (piece) =>
    [...reader.take(piece)].map(({ id, name, ask }): Answer => {
      try {
        return { id, answer: handlers[name](ask) };
      } catch (error) {
        return refusal(id, error);
      }
    });
}

function refusal(id: number, error: unknown): Answer {
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return { id, error: { code: code ?? 'FAILED', message: message ?? String(error) } };
}
