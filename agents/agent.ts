import { setMaxListeners } from 'node:events';
import type { Channel } from './channel.ts';
import type { Directory } from './drivers/endpoint.ts';
import { AgentFailure, asFailure, protocolFailure } from './errors.ts';
import { AgentLog } from './log.ts';
import { Measurement, type Timing } from './measurement.ts';
import { Offsets } from './offsets.ts';
import { type LoadDriver, Peers } from './peers.ts';
import { Prober } from './probes.ts';
import { type Assignment, protocolVersion, type Schedule, type ToAgent } from './protocol.ts';

const closeTimeoutMs = 3000;

/** What an agent needs of its process. */
export interface AgentPlatform extends Timing {
  readonly loadDriver: LoadDriver;
  readonly pid: number;
  /** Tells which processes share a monotonic clock; null where the system does not say. */
  readonly clock: string | null;
  /** Writes one line to the log. */
  readonly log: (line: string) => void;
  /** From now on, so much silence of the orchestrator ends every agent of the process. */
  readonly limitSilence: (ms: number) => void;
}

/**
 * The life of an agent over any channel: hello, assign, directory, probe, start, collect, stop. Messages are handled in
 * order; those that wait (assign, directory, collect) hold up only each other. `onEnd` is called once, with the exit code.
 */
export class Agent {
  readonly #channel: Channel;
  readonly #platform: AgentPlatform;
  readonly #onEnd: (exitCode: number) => void;
  readonly #abort = new AbortController();
  #work: Promise<void> = Promise.resolve();
  #measurement: Measurement | null = null;
  #peers: Peers | null = null;
  #prober: Prober | null = null;
  #ended = false;
  readonly #offsets = new Offsets();
  readonly #log: AgentLog;

  constructor(channel: Channel, platform: AgentPlatform, onEnd: (exitCode: number) => void) {
    this.#channel = channel;
    this.#platform = platform;
    this.#onEnd = onEnd;
    this.#log = new AgentLog(platform.log);
    // One listener for each connection being opened.
    setMaxListeners(0, this.#abort.signal);
    const { pid, clock, nowUs } = platform;
    channel.send({
      type: 'hello',
      version: protocolVersion,
      pid,
      clock,
      nowUs: nowUs(),
    });
  }

  /** One message; what is wrong with it ends the agent through `fail`. */
  receive(message: ToAgent, receivedUs: number = this.#platform.nowUs()): void {
    if (this.#ended) return;
    try {
      this.#handle(message, receivedUs);
    } catch (error) {
      this.fail(error);
    }
  }

  #handle(message: ToAgent, receivedUs: number): void {
    switch (message.type) {
      case 'clock':
        this.#channel.send({
          type: 'clock',
          id: message.id,
          receivedUs,
          repliedUs: this.#platform.nowUs(),
        });
        return;
      case 'hello':
        checkVersion(message.version);
        this.#platform.limitSilence(message.silenceMs);
        return;
      case 'offsets':
        this.#offsets.set(message);
        return;
      case 'assign':
        this.#enqueue(() => this.#assign(message.assignment));
        return;
      case 'directory':
        this.#enqueue(() => this.#connect(message.directory));
        return;
      case 'leave':
        this.#enqueue(() => this.#leave());
        return;
      case 'collect':
        this.#enqueue(() => this.#collect());
        return;
      case 'stop':
        void this.close(0);
        return;
      default:
        this.#adjust(message);
    }
  }

  /** Reports the failure and ends with exit code 1. */
  fail(error: unknown): void {
    if (this.#ended) return;
    const { code, message, hint } = asFailure(error);
    this.#log.say('failed', `${code}: ${message}`);
    this.#channel.send({ type: 'failed', code, message, hint });
    void this.close(1);
  }

  /** Ends everything, within 3 s whatever the bus does. */
  async close(exitCode: number): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#abort.abort();
    this.#prober?.close();
    this.#measurement?.close();
    const closing = Promise.allSettled([this.#peers?.close(), this.#channel.drained()]);
    await Promise.race([closing, later(closeTimeoutMs)]);
    this.#onEnd(exitCode);
  }

  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work
      .then(() => (this.#ended ? undefined : work()))
      .catch((error: unknown) => this.fail(error));
  }

  /** Messages that take effect at once. */
  #adjust(message: ToAgent): void {
    const measurement = this.#need(message.type);
    switch (message.type) {
      case 'probe':
        this.#prober?.send(message.pairs);
        return;
      case 'start':
        this.#start(message.schedule, message.resumed ?? false);
        return;
      case 'receivers':
        measurement.run.receivers = message.receivers;
        return;
      case 'disconnect':
        this.#disconnect(message.clients);
        return;
      case 'halt':
        measurement.halt();
        return;
      default:
        throw protocolFailure(`unknown message '${message.type}'`);
    }
  }

  async #assign(assignment: Assignment): Promise<void> {
    if (this.#measurement !== null) throw protocolFailure("a second 'assign'");
    const measurement = new Measurement(
      assignment,
      this.#offsets,
      this.#platform,
      this.#channel,
      this.#log,
    );
    this.#measurement = measurement;
    const { loadDriver } = this.#platform;
    this.#peers = await Peers.connect(loadDriver, assignment, this.#abort.signal);
    await this.#peers.openReceivers(measurement.servers);
    const announcements = this.#peers.session.announcements();
    this.#channel.send({ type: 'opened', announcements });
  }

  async #connect(directory: Directory): Promise<void> {
    const { clients, reports, run } = this.#need('directory');
    if (this.#peers === null) throw protocolFailure("'directory' before 'opened'");
    const routes = await this.#peers.openSenders(clients, directory, (opened) =>
      this.#channel.send({ type: 'opening', clients: opened }),
    );
    this.#prober = new Prober(clients, run.assignment.clients, reports);
    this.#channel.send({ type: 'connected', routes });
  }

  #disconnect(indices: readonly number[]): void {
    const { clients, run } = this.#need('disconnect');
    const cut = new Set(indices);
    for (const [position, { index }] of run.assignment.clients.entries()) {
      if (!cut.has(index)) continue;
      clients.expectCut(position);
      this.#peers?.disconnect(position);
    }
  }

  #start(schedule: Schedule, resumed: boolean): void {
    const measurement = this.#need('start');
    const { run } = measurement;
    if (run.phases !== null) throw protocolFailure("a second 'start'");
    if (!run.offsets.known) throw protocolFailure("'start' before 'offsets'");
    this.#prober?.close();
    measurement.start(schedule, resumed);
  }

  async #collect(): Promise<void> {
    const { versions = {}, detour = null } = this.#peers?.session ?? {};
    for (const part of this.#need('collect').finish({ versions, detour })) {
      this.#channel.send(part);
      await this.#channel.drained();
      if (this.#ended) return;
    }
  }

  async #leave(): Promise<void> {
    await Promise.race([this.#peers?.close(), later(closeTimeoutMs)]);
    this.#peers = null;
  }

  #need(what: string): Measurement {
    if (this.#measurement === null) throw protocolFailure(`'${what}' before 'assign'`);
    return this.#measurement;
  }
}

function checkVersion(version: number): void {
  if (version === protocolVersion) return;
  throw new AgentFailure(
    'AGENT_VERSION',
    `protocol version: expected ${protocolVersion}, got ${version}`,
    'Install the same busbench version on every machine of the run.',
  );
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
