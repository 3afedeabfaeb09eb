import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { nowUs } from '../../agents/clock.ts';
import { type FromAgent, protocolVersion, type ToAgent } from '../../agents/protocol.ts';
import { Silence } from '../../agents/silence.ts';
import { AgentError } from '../errors.ts';
import { within } from '../processes/waiting.ts';

type MessageOf<T extends FromAgent['type']> = Extract<FromAgent, { type: T }>;

/** Each side asks for a sign of life so often, and takes the other for gone after that much silence. */
const pulseMs = 2_000;
const usualSilenceMs = 10_000;
/** Id of a `clock` question that is only a sign of life. */
const pulseId = 0;

/** The orchestrator's end of the protocol with one agent, over any pair of byte streams. */
export class AgentChannel {
  readonly name: string;
  readonly #output: Writable;
  readonly #listeners = new Set<(message: FromAgent) => void>();
  readonly #broken: Promise<never>;
  #break: (error: Error) => void = () => {};
  #error: Error | null = null;
  readonly #silenceMs: number;
  readonly #silence: Silence;
  #pulse: NodeJS.Timeout | null = null;

  constructor(name: string, input: Readable, output: Writable, silenceMs: number = usualSilenceMs) {
    this.name = name;
    this.#silenceMs = silenceMs;
    this.#output = output;
    this.#broken = new Promise((_, reject) => {
      this.#break = reject;
    });
    this.#broken.catch(() => {});
    this.#silence = new Silence(nowUs, (ms) => this.fail(agentSilent(name, ms)));
    output.on('error', (error) => this.fail(channelLost(name, error)));
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (line) => this.#receive(line));
    this.send({ type: 'hello', version: protocolVersion, silenceMs });
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
    this.#silence.close();
    if (this.#pulse !== null) clearInterval(this.#pulse);
    this.#break(error);
  }

  send(message: ToAgent): void {
    if (this.#error === null) this.#output.write(`${JSON.stringify(message)}\n`);
  }

  /** From its hello on, an agent that is silent has failed; one that a fault stops is silent on purpose. */
  watchSilence(watch: boolean): void {
    if (watch && this.#error === null) this.#silence.limit(this.#silenceMs);
    else this.#silence.close();
  }

  #beginPulse(): void {
    if (this.#error !== null || this.#pulse !== null) return;
    this.watchSilence(true);
    this.#pulse = setInterval(() => this.send({ type: 'clock', id: pulseId }), pulseMs);
    this.#pulse.unref();
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

  #receive(line: string): void {
    this.#silence.heard();
    let message: FromAgent;
    try {
      message = JSON.parse(line);
    } catch (cause) {
      this.fail(
        new AgentError(
          'AGENT_PROTOCOL',
          `agent ${this.name} said something that is not a JSON line: ${line.slice(0, 80)}`,
          'Nothing but the protocol may write to the standard output of an agent.',
          { cause },
        ),
      );
      return;
    }
    if (message.type === 'hello' && message.version !== protocolVersion) {
      this.fail(
        new AgentError(
          'AGENT_VERSION',
          `agent ${this.name} speaks protocol ${message.version}, expected ${protocolVersion}`,
          'Use the same busbench version everywhere.',
        ),
      );
    }
    if (message.type === 'hello') this.#beginPulse();
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

function agentSilent(name: string, ms: number): AgentError {
  return new AgentError(
    'AGENT_SILENT',
    `agent ${name} has said nothing for ${Math.round(ms / 1e3)} s`,
    'Is its host up, and the network to it? Its log may have the last words.',
  );
}

function channelLost(name: string, cause: Error): AgentError {
  return new AgentError(
    'AGENT_CHANNEL',
    `the control channel to agent ${name} broke: ${cause.message}`,
    'Look at its log for what it said last.',
    { cause },
  );
}
