import type { Channel } from './channel.ts';
import type { AgentLog } from './log.ts';
import { PacingLoop, type Waker } from './loop.ts';
import type { Offsets } from './offsets.ts';
import { makePacer } from './pacers/registry.ts';
import { collectParts, type LibraryFacts } from './parts.ts';
import { ProbeReports } from './probes.ts';
import type { Assignment, Part, Schedule } from './protocol.ts';
import { Recorder } from './recorder.ts';
import { phasesOf, type RunState, Tally } from './run-state.ts';
import type { Vitals, VitalsSeat } from './vitals.ts';
import { Clients } from './workloads/clients.ts';
import { workloadOf } from './workloads/registry.ts';
import { Servers } from './workloads/servers.ts';

const progressEveryUs = 500_000;

/** Time as an agent has it; tests may bring their own. */
export interface Timing {
  readonly nowUs: () => number;
  readonly makeWaker: (onWake: () => void) => Waker;
  /** Of the process, for all the agents it plays. */
  readonly vitals: Vitals;
}

/** The peers of one agent at work, from their assignment to their parts; the bus is somebody else's business. */
export class Measurement {
  readonly run: RunState;
  readonly clients: Clients;
  readonly servers: Servers;
  readonly reports: ProbeReports;
  readonly #channel: Channel;
  readonly #loop: PacingLoop;
  readonly #vitals: VitalsSeat;
  #startLatenessUs: number | null = null;
  #nextProgressUs = 0;
  #toldExhausted = false;

  constructor(
    assignment: Assignment,
    offsets: Offsets,
    { nowUs, makeWaker, vitals }: Timing,
    channel: Channel,
    log: AgentLog,
  ) {
    const timeoutUs = assignment.workload.timeoutMs * 1e3;
    const run: RunState = {
      assignment,
      recorder: new Recorder(assignment.sites.length, timeoutUs),
      tally: new Tally(),
      log,
      nowUs,
      timeoutUs,
      offsets,
      phases: null,
      windowEndUs: Number.POSITIVE_INFINITY,
      receivers: assignment.receivers,
    };
    const reports = new ProbeReports((message) => channel.send(message));
    const loop = new PacingLoop(nowUs, makeWaker, (now) => this.#advance(now));
    const workload = workloadOf(assignment.workload);
    const wake = (dueUs: number): void => loop.wake(dueUs);
    this.run = run;
    this.reports = reports;
    this.clients = new Clients(run, workload, {
      wake,
      answered: (client, route) => reports.answered(client, route, 0),
      probeReturned: (client, route) => reports.returned(client, route),
      reconnected: (client) => channel.send({ type: 'reconnected', client }),
    });
    this.servers = new Servers(run, workload, {
      wake,
      probed: (client, route, subscriber) => reports.answered(client, route, subscriber),
    });
    this.#channel = channel;
    this.#loop = loop;
    this.#vitals = vitals.join(run, (now) => this.#tick(now));
  }

  /** `resumed`: an earlier life of this process has begun the schedule. */
  start(schedule: Schedule, resumed: boolean): void {
    const { run } = this;
    const phases = phasesOf(schedule);
    if (resumed) this.#startLatenessUs = 0;
    run.phases = phases;
    run.windowEndUs = phases.measureEndUs;
    run.recorder.start(phases.measureUs);
    const { workload, clients, totalClients, seed, callsPerClient } = run.assignment;
    this.clients.start(
      makePacer(workload.pace, {
        clients: clients.map(({ index }) => index),
        totalClients,
        seed,
        callsPerClient,
        ...phases,
      }),
    );
    this.#nextProgressUs = phases.startUs + progressEveryUs;
    this.#loop.wake(phases.startUs);
  }

  /** Ends the window now: nothing further becomes due. */
  halt(): void {
    const { run } = this;
    run.windowEndUs = Math.min(run.windowEndUs, run.nowUs());
    this.clients.halt(run.windowEndUs);
    this.#vitals.endWindow();
  }

  /** Ends what is open. Returns everything recorded and not yet sent; each part is made when it is asked for. */
  finish(library: LibraryFacts): Generator<Part> {
    this.#loop.close();
    this.#vitals.endWindow();
    this.clients.finish();
    const startLatenessUs = this.#startLatenessUs ?? 0;
    const more = { startLatenessUs, ...library };
    return collectParts(this.run, this.clients, this.servers, this.#vitals, more);
  }

  close(): void {
    this.#loop.close();
    this.#vitals.close();
    this.reports.close();
  }

  #advance(nowUs: number): number {
    const startUs = this.run.phases?.startUs ?? Number.POSITIVE_INFINITY;
    if (this.#startLatenessUs === null && nowUs >= startUs) this.#startLatenessUs = nowUs - startUs;
    return Math.min(this.clients.advance(nowUs), this.servers.advance(nowUs));
  }

  /** Every 10 ms: deadlines, finished seconds, progress. */
  #tick(nowUs: number): void {
    const { run, clients } = this;
    const channel = this.#channel;
    if (run.phases === null) return;
    clients.expire(nowUs);
    const interval = channel.congested ? null : run.recorder.takeFinished(nowUs);
    if (interval !== null) channel.send(interval);
    if (!this.#toldExhausted && clients.exhausted) {
      this.#toldExhausted = true;
      this.#sendProgress();
      channel.send({ type: 'exhausted' });
    }
    if (nowUs < this.#nextProgressUs) return;
    this.#nextProgressUs = nowUs + progressEveryUs;
    if (!channel.congested) this.#sendProgress();
  }

  #sendProgress(): void {
    const { due, sent, completed, failed, delivered } = this.run.tally;
    this.#channel.send({ type: 'progress', due, sent, completed, failed, delivered });
  }
}
