import type { Readable, Writable } from 'node:stream';
import { nowUs } from '../../agents/clock.ts';
import { readLines, writeLine } from '../../agents/lines.ts';
import type { FromAgent, Line, ToAgent } from '../../agents/protocol.ts';
import { Silence } from '../../agents/silence.ts';
import { AgentError } from '../errors.ts';

/** Each side asks for a sign of life so often, and takes the other for gone after that much silence. */
const pulseMs = 2_000;
const usualSilenceMs = 10_000;
/** Id of a `clock` question that is only a sign of life. */
const pulseId = 0;
/** The plan refuses ledgers of over 256 MB, and base64 adds a third: no part of one is longer. */
const maxLineBytes = 400 * 1024 * 1024;

/** What becomes of the lines of one agent. */
export interface LineEnd {
  readonly receive: (message: FromAgent) => void;
  /** Nothing further will come. */
  readonly fail: (error: AgentError) => void;
}

/**
 * Our end of the channel of one process, over any pair of byte streams: its lines, by the agents that it plays. What is
 * wrong with the channel is wrong with all of them. From its first word on, a process that is silent has failed.
 */
export class AgentLines {
  readonly name: string;
  /** How long the process may be silent; it takes us for gone after as much. */
  readonly silenceMs: number;
  readonly #output: Writable;
  readonly #ends = new Map<number, LineEnd>();
  readonly #silence: Silence;
  #pulse: NodeJS.Timeout | null = null;
  #ended = false;

  constructor(name: string, input: Readable, output: Writable, silenceMs: number = usualSilenceMs) {
    this.name = name;
    this.silenceMs = silenceMs;
    this.#output = output;
    this.#silence = new Silence(nowUs, (ms) => this.fail(processSilent(name, ms)));
    output.on('error', (error) => this.fail(channelLost(name, error)));
    const events = {
      onMessage: (line: Line<FromAgent>) => this.#receive(line),
      onWrong: (error: Error) => this.fail(notOurs(error)),
    };
    readLines(input, `agent ${name}`, events, maxLineBytes);
  }

  /** From now on, what the agent of this number says goes to `end`. */
  attach(agent: number, end: LineEnd): void {
    this.#ends.set(agent, end);
  }

  send(agent: number, message: ToAgent): void {
    if (!this.#ended) writeLine(this.#output, { agent, ...message });
  }

  /** Tells every agent of it that nothing further will come, and why; the first reason counts. */
  fail(error: AgentError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#silence.close();
    if (this.#pulse !== null) clearInterval(this.#pulse);
    for (const { fail } of this.#ends.values()) fail(error);
  }

  /** A process that a fault stops is silent on purpose. */
  watchSilence(watch: boolean): void {
    if (watch && !this.#ended) this.#silence.limit(this.silenceMs);
    else this.#silence.close();
  }

  #receive(line: Line<FromAgent>): void {
    this.#silence.heard();
    if (line.type === 'hello') this.#beginPulse(line.agent);
    this.#ends.get(line.agent)?.receive(line);
  }

  /** One agent is asked for all, because every line of the process is a sign of life. */
  #beginPulse(agent: number): void {
    if (this.#ended || this.#pulse !== null) return;
    this.watchSilence(true);
    this.#pulse = setInterval(() => this.send(agent, { type: 'clock', id: pulseId }), pulseMs);
    this.#pulse.unref();
  }
}

function notOurs(cause: Error): AgentError {
  return new AgentError(
    'AGENT_PROTOCOL',
    cause.message,
    'Nothing but the protocol may write to the standard output of an agent.',
    { cause },
  );
}

function processSilent(name: string, ms: number): AgentError {
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
