import { setMaxListeners } from 'node:events';
import { within } from '../processes/waiting.ts';
import { CallLine, type Calls } from './calls.ts';
import type { Host, HostProcess } from './host.ts';

export interface AttendantSpec {
  /** For `Host.program`: what is to be run, and node's flags. */
  readonly program: string;
  readonly nodeFlags?: readonly string[];
  /** Gets its stderr. */
  readonly logFile: string;
  /** How long a call may take that says nothing else. */
  readonly answerMs: number;
  /** The error of a call that was not answered, as its caller is to see it. */
  readonly failed: (absence: Absence) => Error;
}

/** Why a program did not answer. */
interface Absence {
  /** A clause on it: "it ended by exit code 1". */
  readonly how: string;
  /** It is there, and does not answer. */
  readonly silent: boolean;
  readonly pid: number;
}

/** Bounds of one call. */
interface CallBounds {
  readonly ms?: number;
  readonly signal?: AbortSignal;
}

const graceMs = 1_000;
const never = new AbortController().signal;
setMaxListeners(0, never);

/**
 * A program of ours that stands by on a host and does what it is asked, typed by the calls it answers. Calls may
 * overlap. It ends with us: by its stdin, by a signal where that is not enough.
 */
export class Attendant<C extends Calls<C>> implements AsyncDisposable {
  readonly host: Host;
  readonly process: HostProcess;
  readonly #spec: AttendantSpec;
  readonly #line: CallLine<C>;

  private constructor(host: Host, process: HostProcess, spec: AttendantSpec) {
    this.host = host;
    this.process = process;
    this.#spec = spec;
    const { pid } = process;
    this.#line = new CallLine(process, `${spec.program} on ${host.name}`, (how) =>
      spec.failed({ how, silent: false, pid }),
    );
  }

  /** Rejects with a HostError when it cannot be started. */
  static async start<C extends Calls<C>>(host: Host, spec: AttendantSpec): Promise<Attendant<C>> {
    const { program, nodeFlags = [], logFile } = spec;
    const command = host.program(program, ...nodeFlags);
    return new Attendant<C>(host, await host.spawn(command, { stdio: 'pipe', logFile }), spec);
  }

  /** Rejects with a CallError when the program refuses, with what `failed` makes when it does not answer. */
  async ask<K extends keyof C & string>(
    name: K,
    ask: C[K]['ask'],
    { ms = this.#spec.answerMs, signal = never }: CallBounds = {},
  ): Promise<C[K]['answer']> {
    // Before the call is made: nobody would wait for it.
    signal.throwIfAborted();
    const { pid } = this.process;
    const how = `it did not answer '${name}' within ${ms / 1e3} s`;
    const late = (): Error => this.#spec.failed({ how, silent: true, pid });
    return within(this.#line.request(name, ask), ms, late, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.stdin?.end();
    await this.process.end(graceMs);
  }
}
