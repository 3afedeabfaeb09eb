import { setMaxListeners } from 'node:events';
import type { Channel } from './channel.ts';
import type { Driver } from './drivers/driver.ts';
import { AgentFailure, asFailure } from './errors.ts';
import { PacingLoop, type Waker } from './loop.ts';
import { makePacer } from './pacers/registry.ts';
import { collectParts } from './parts.ts';
import { Peers } from './peers.ts';
import { ProbeReports, Prober } from './probes.ts';
import {
  type Assignment,
  type Json,
  protocolVersion,
  type Schedule,
  type ToAgent,
} from './protocol.ts';
import { Recorder } from './recorder.ts';
import { type Phases, type Run, Tally } from './run.ts';
import { Vitals } from './vitals.ts';
import { Clients } from './workloads/clients.ts';
import { workloadOf } from './workloads/registry.ts';
import { Servers } from './workloads/servers.ts';

const progressEveryUs = 500_000;
const closeTimeoutMs = 3000;

/** What an agent needs of its process. */
export interface AgentPlatform {
  readonly nowUs: () => number;
  readonly makeWaker: (onWake: () => void) => Waker;
  readonly loadDriver: (name: string) => Promise<Driver>;
  readonly pid: number;
  /** Together they tell which processes share a monotonic clock. */
  readonly bootId: string;
  readonly timeNamespace: string;
}

/** What exists from `assign` on. */
interface Stage {
  readonly run: Run;
  readonly clients: Clients;
  readonly servers: Servers;
  readonly loop: PacingLoop;
  readonly vitals: Vitals;
  readonly reports: ProbeReports;
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
  #stage: Stage | null = null;
  #peers: Peers | null = null;
  #prober: Prober | null = null;
  #ended = false;
  #offsetUs: readonly number[] = [];
  #startLatenessUs: number | null = null;
  #nextProgressUs = 0;
  #toldExhausted = false;

  constructor(channel: Channel, platform: AgentPlatform, onEnd: (exitCode: number) => void) {
    this.#channel = channel;
    this.#platform = platform;
    this.#onEnd = onEnd;
    // One listener for each connection being opened.
    setMaxListeners(0, this.#abort.signal);
    const { pid, bootId, timeNamespace, nowUs } = platform;
    channel.send({
      type: 'hello',
      version: protocolVersion,
      pid,
      bootId,
      timeNamespace,
      nowUs: nowUs(),
    });
  }

  /** One line from the orchestrator. */
  receiveLine(line: string): void {
    const receivedUs = this.#platform.nowUs();
    let message: ToAgent;
    try {
      message = JSON.parse(line) as ToAgent;
    } catch {
      this.fail(protocolFailure(`expected one JSON object a line, got '${line.slice(0, 200)}'`));
      return;
    }
    this.receive(message, receivedUs);
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
        return;
      case 'offsets':
        this.#offsetUs = message.offsetUs;
        if (this.#stage !== null) this.#stage.run.offsetUs = message.offsetUs;
        return;
      case 'assign':
        this.#enqueue(() => this.#assign(message.assignment));
        return;
      case 'directory':
        this.#enqueue(() => this.#connect(message.directory));
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
    this.#channel.send({ type: 'failed', code, message, hint });
    void this.close(1);
  }

  /** Ends everything, within 3 s whatever the bus does. */
  async close(exitCode: number): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#abort.abort();
    this.#prober?.close();
    this.#stage?.loop.close();
    this.#stage?.vitals.close();
    this.#stage?.reports.close();
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
    const { run, clients, vitals } = this.#need(message.type);
    switch (message.type) {
      case 'probe':
        this.#prober?.start(message.everyMs);
        return;
      case 'proven':
        this.#prober?.proven(message.clients);
        return;
      case 'start':
        this.#start(message.schedule);
        return;
      case 'receivers':
        run.receivers = message.receivers;
        return;
      case 'disconnect':
        this.#peers?.disconnect(message.clients);
        return;
      case 'halt':
        run.windowEndUs = Math.min(run.windowEndUs, run.nowUs());
        clients.halt(run.windowEndUs);
        vitals.endWindow();
        return;
      default:
        throw protocolFailure(`unknown message '${message.type}'`);
    }
  }

  async #assign(assignment: Assignment): Promise<void> {
    if (this.#stage !== null) throw protocolFailure("a second 'assign'");
    const stage = this.#makeStage(assignment);
    this.#stage = stage;
    const driver = await this.#platform.loadDriver(assignment.driver.name);
    this.#peers = await Peers.connect(driver, assignment, this.#abort.signal);
    await this.#peers.openReceivers(stage.servers);
    const announcements = this.#peers.session.announcements();
    this.#channel.send({ type: 'opened', announcements });
  }

  async #connect(directory: Json): Promise<void> {
    const { clients, reports, run } = this.#need('directory');
    if (this.#peers === null) throw protocolFailure("'directory' before 'opened'");
    const paths = await this.#peers.openSenders(clients, directory);
    this.#prober = new Prober(clients, run.assignment.clients, paths, (client, path) =>
      reports.has(client, path, 0),
    );
    this.#channel.send({ type: 'connected', paths });
  }

  #start(schedule: Schedule): void {
    const { run, clients, loop } = this.#need('start');
    if (run.phases !== null) throw protocolFailure("a second 'start'");
    if (run.offsetUs.length === 0) throw protocolFailure("'start' before 'offsets'");
    this.#prober?.close();
    const phases = wholePhases(schedule);
    run.phases = phases;
    run.windowEndUs = phases.measureEndUs;
    run.recorder.start(phases.measureUs);
    const { assignment } = run;
    clients.start(
      makePacer(assignment.workload.pace, {
        clients: assignment.clients.map(({ index }) => index),
        totalClients: assignment.totalClients,
        seed: assignment.seed,
        callsPerClient: assignment.callsPerClient,
        ...phases,
      }),
    );
    this.#nextProgressUs = phases.startUs + progressEveryUs;
    loop.wake(phases.startUs);
  }

  async #collect(): Promise<void> {
    const stage = this.#need('collect');
    stage.loop.close();
    stage.vitals.endWindow();
    stage.clients.finish();
    const more = {
      startLatenessUs: this.#startLatenessUs ?? 0,
      versions: this.#peers?.session.versions ?? {},
    };
    for (const part of collectParts(stage.run, stage.clients, stage.servers, stage.vitals, more)) {
      this.#channel.send(part);
      await this.#channel.drained();
      if (this.#ended) return;
    }
  }

  #makeStage(assignment: Assignment): Stage {
    const { nowUs, makeWaker } = this.#platform;
    const timeoutUs = assignment.workload.timeoutMs * 1e3;
    const run: Run = {
      assignment,
      recorder: new Recorder(assignment.sites.length, timeoutUs),
      tally: new Tally(),
      nowUs,
      timeoutUs,
      offsetUs: this.#offsetUs,
      phases: null,
      windowEndUs: Number.POSITIVE_INFINITY,
      receivers: assignment.receivers,
    };
    const workload = workloadOf(assignment.workload);
    const reports = new ProbeReports((message) => this.#channel.send(message));
    const loop = new PacingLoop(nowUs, makeWaker, (now) => this.#advance(now));
    const wake = (dueUs: number): void => loop.wake(dueUs);
    const answered = (client: number, path: number): void => reports.add(client, path, 0);
    const probed = (client: number, path: number, subscriber: number): void =>
      reports.add(client, path, subscriber);
    return {
      run,
      clients: new Clients(run, workload, { wake, answered }),
      servers: new Servers(run, workload, { wake, probed }),
      loop,
      vitals: new Vitals(run, (now) => this.#tick(now)),
      reports,
    };
  }

  #advance(nowUs: number): number {
    const { run, clients, servers } = this.#need('advance');
    const startUs = run.phases?.startUs ?? Number.POSITIVE_INFINITY;
    if (this.#startLatenessUs === null && nowUs >= startUs) this.#startLatenessUs = nowUs - startUs;
    return Math.min(clients.advance(nowUs), servers.advance(nowUs));
  }

  /** Every 10 ms: deadlines, finished seconds, progress. */
  #tick(nowUs: number): void {
    if (this.#stage === null) return;
    const { run, clients } = this.#stage;
    if (run.phases === null || this.#ended) return;
    clients.expire(nowUs);
    const interval = this.#channel.congested ? null : run.recorder.takeFinished(nowUs);
    if (interval !== null) this.#channel.send(interval);
    if (run.assignment.callsPerClient !== null && !this.#toldExhausted && clients.exhausted) {
      this.#toldExhausted = true;
      this.#channel.send({ type: 'exhausted' });
    }
    if (nowUs < this.#nextProgressUs) return;
    this.#nextProgressUs = nowUs + progressEveryUs;
    const { due, sent, completed, failed, delivered } = run.tally;
    if (!this.#channel.congested) {
      this.#channel.send({ type: 'progress', due, sent, completed, failed, delivered });
    }
  }

  #need(what: string): Stage {
    if (this.#stage === null) throw protocolFailure(`'${what}' before 'assign'`);
    return this.#stage;
  }
}

/** Phases begin at whole microseconds, so that an operation due exactly at a border falls on the same side everywhere. */
function wholePhases({ startUs, measureUs, measureEndUs }: Schedule): Phases {
  const start = Math.round(startUs);
  return {
    startUs: start,
    measureUs: start + Math.round(measureUs - startUs),
    measureEndUs:
      measureEndUs === null ? Number.POSITIVE_INFINITY : start + Math.round(measureEndUs - startUs),
  };
}

function checkVersion(version: number): void {
  if (version === protocolVersion) return;
  throw new AgentFailure(
    'AGENT_VERSION',
    `protocol version: expected ${protocolVersion}, got ${version}`,
    'Install the same busbench version on every machine of the run.',
  );
}

function protocolFailure(what: string): AgentFailure {
  return new AgentFailure(
    'AGENT_PROTOCOL',
    `the agent cannot go on: ${what}`,
    'Orchestrator and agents must be of the same busbench version; else this is a bug.',
  );
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
