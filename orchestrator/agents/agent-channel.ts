import { type FromAgent, protocolVersion, type ToAgent } from '../../agents/protocol.ts';
import { AgentError } from '../errors.ts';
import { within } from '../processes/waiting.ts';
import type { AgentLines } from './agent-lines.ts';

type MessageOf<T extends FromAgent['type']> = Extract<FromAgent, { type: T }>;

/** The orchestrator's end of the protocol with one agent, over the channel of the process that plays it. */
export class AgentChannel {
  readonly name: string;
  readonly #number: number;
  readonly #lines: AgentLines;
  readonly #listeners = new Set<(message: FromAgent) => void>();
  readonly #broken: Promise<never>;
  #break: (error: Error) => void = () => {};
  #error: Error | null = null;

  constructor(name: string, number: number, lines: AgentLines) {
    this.name = name;
    this.#number = number;
    this.#lines = lines;
    this.#broken = new Promise((_, reject) => {
      this.#break = reject;
    });
    this.#broken.catch(() => {});
    lines.attach(number, {
      receive: (message) => this.#receive(message),
      fail: (error) => this.fail(error),
    });
    this.send({ type: 'hello', version: protocolVersion, silenceMs: lines.silenceMs });
  }

  /** Why nothing further will come; null while the agent lives. */
  get error(): Error | null {
    return this.#error;
  }

  /** Rejects when the agent fails; never resolves. */
  get failed(): Promise<never> {
    return this.#broken;
  }

  /** Ends every present and future wait with `error`; the first one counts. */
  fail(error: Error): void {
    if (this.#error !== null) return;
    this.#error = error;
    this.#break(error);
  }

  send(message: ToAgent): void {
    if (this.#error === null) this.#lines.send(this.#number, message);
  }

  /** An agent that a fault stops is silent on purpose, and with it the process that plays it. */
  watchSilence(watch: boolean): void {
    this.#lines.watchSilence(watch);
  }

  /** Calls `listener` with every message from now on; returns the way to stop that. */
  listen(listener: (message: FromAgent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The next message of a type (and, if asked, that `matches`); rejects when the agent fails, or late. */
  async next<T extends FromAgent['type']>(
    type: T,
    timeoutMs: number,
    signal: AbortSignal,
    matches: (message: MessageOf<T>) => boolean = () => true,
  ): Promise<MessageOf<T>> {
    let stop = (): void => {};
    const arrived = new Promise<MessageOf<T>>((resolve) => {
      stop = this.listen((message) => {
        if (isType(message, type) && matches(message)) resolve(message);
      });
    });
    const late = (): Error =>
      new AgentError(
        'AGENT_SILENT',
        `agent ${this.name}: expected "${type}" within ${timeoutMs} ms, got nothing`,
        'Look at its log; a loaded machine or an unreachable bus makes agents late.',
      );
    try {
      return await within(Promise.race([arrived, this.#broken]), timeoutMs, late, signal);
    } finally {
      stop();
    }
  }

  #receive(message: FromAgent): void {
    if (message.type === 'hello' && message.version !== protocolVersion) {
      this.fail(
        new AgentError(
          'AGENT_VERSION',
          `agent ${this.name} speaks protocol ${message.version}, expected ${protocolVersion}`,
          'Use the same busbench version everywhere.',
        ),
      );
    }
    if (message.type === 'failed') {
      this.fail(
        new AgentError(message.code, `agent ${this.name}: ${message.message}`, message.hint),
      );
    }
    for (const listener of [...this.#listeners]) listener(message);
  }
}

function isType<T extends FromAgent['type']>(message: FromAgent, type: T): message is MessageOf<T> {
  return message.type === type;
}
