import { clockName, nowUs } from '../../agents/clock.ts';
import type { OffsetLines } from '../../agents/protocol.ts';
import type { ProcessClock } from '../../reports/evidence.ts';
import type { Agent } from './agent.ts';
import type { AgentChannel } from './agent-channel.ts';
import {
  type ClockErrors,
  ClockEstimate,
  type ClockLine,
  type Exchange,
  lineAt,
  sameClock,
} from './clock-estimate.ts';

/** A clock of the run that is not ours: who reads it, and what we know of it. */
interface Clock {
  readonly readers: Agent[];
  readonly estimate: ClockEstimate;
}

const firstExchanges = 12;
const exchangeEveryMs = 100;
const refitEveryMs = 1_000;
const exchangeTimeoutMs = 10_000;
/** More questions than this are never open at once: a slow answer must not be followed by a heap of them. */
const openMax = 5;
/** Two readings of one clock differ by no more than this, µs, beyond what the round trip leaves open. */
const readingUs = 5;
const exact: ClockErrors = { boundUs: 0, spreadUs: 0 };

/**
 * All clocks that the processes of a run read. Processes with the same boot id and time namespace read one, if an
 * exchange with each does not say otherwise; every clock but ours is asked ten times a second until `stop`.
 */
export class Clocks {
  readonly #agents: readonly Agent[];
  readonly #clocks: Clock[] = [];
  /** By agent index; null is our own clock. */
  readonly #of: (Clock | null)[] = [];
  #timers: NodeJS.Timeout[] = [];
  #lastId = 0;

  constructor(agents: readonly Agent[]) {
    this.#agents = agents;
  }

  /** Finds out who shares a clock with whom, learns the first of each, and tells every agent. */
  async identify(names: readonly (string | null)[], signal: AbortSignal): Promise<void> {
    const groups = new Map<string, Agent[]>();
    for (const agent of this.#agents) {
      // One that cannot say what clock it reads shares it with nobody.
      const key = names[agent.index] ?? `alone ${agent.index}`;
      groups.set(key, [...(groups.get(key) ?? []), agent]);
    }
    const own = clockName();
    await Promise.all(
      [...groups].map(([key, readers]) => this.#identifyGroup(readers, key === own, signal)),
    );
    this.#tell();
    if (this.#clocks.length === 0) return;
    this.#timers = [
      setInterval(() => this.#askAll(signal), exchangeEveryMs),
      setInterval(() => {
        this.#refit();
        this.#tell();
      }, refitEveryMs),
    ];
  }

  async #identifyGroup(readers: Agent[], claimsOurs: boolean, signal: AbortSignal): Promise<void> {
    let clock: Clock | null = null;
    for (const agent of readers) {
      if (claimsOurs || clock !== null) {
        const { offsetUs, rttUs, atUs } = await this.#ask(agent.channel, signal);
        const known: ClockErrors = clock === null ? exact : clock.estimate.errors;
        const missUs = Math.abs(offsetUs - lineAt(clock?.estimate.line ?? sameClock, atUs));
        if (missUs <= rttUs / 2 + known.boundUs + readingUs) {
          clock?.readers.push(agent);
          this.#of[agent.index] = clock;
          continue;
        }
      }
      const other = await this.#learn(agent, signal);
      if (!claimsOurs) clock ??= other;
    }
  }

  async #learn(agent: Agent, signal: AbortSignal): Promise<Clock> {
    const clock = { readers: [agent], estimate: new ClockEstimate() };
    for (let i = 0; i < firstExchanges; i++) {
      clock.estimate.add(await this.#ask(agent.channel, signal));
    }
    clock.estimate.refit(nowUs());
    this.#clocks.push(clock);
    this.#of[agent.index] = clock;
    return clock;
  }

  async #ask(channel: AgentChannel, signal: AbortSignal): Promise<Exchange> {
    const id = ++this.#lastId;
    const sentUs = nowUs();
    const answer = channel.next('clock', exchangeTimeoutMs, signal, (m) => m.id === id);
    channel.send({ type: 'clock', id });
    const { receivedUs, repliedUs } = await answer;
    const arrivedUs = nowUs();
    return {
      atUs: (sentUs + arrivedUs) / 2,
      offsetUs: (receivedUs - sentUs + (repliedUs - arrivedUs)) / 2,
      rttUs: arrivedUs - sentUs - (repliedUs - receivedUs),
    };
  }

  readonly #open = new Map<Clock, number>();

  /** One question to each clock, by way of the first of its readers that lives. */
  #askAll(signal: AbortSignal): void {
    for (const clock of this.#clocks) {
      const reader = clock.readers.find(({ channel }) => channel.error === null);
      const open = this.#open.get(clock) ?? 0;
      if (reader === undefined || open >= openMax) continue;
      this.#open.set(clock, open + 1);
      this.#ask(reader.channel, signal)
        // A reader that dies, or is late, leaves its question without an answer; another is asked in a moment.
        .then(
          (exchange) => clock.estimate.add(exchange),
          () => {},
        )
        .finally(() => this.#open.set(clock, (this.#open.get(clock) ?? 1) - 1))
        .catch(() => {});
    }
  }

  #refit(): void {
    for (const { estimate } of this.#clocks) estimate.refit(nowUs());
  }

  #tell(): void {
    for (const agent of this.#agents) {
      if (agent.channel.error === null) agent.channel.send(this.offsetsFor(agent));
    }
  }

  offsetsFor(agent: Agent): { readonly type: 'offsets' } & OffsetLines {
    const now = nowUs();
    const own = this.#lineOf(agent.index);
    const ownUs = lineAt(own, now);
    const others = this.#agents.map(({ index }) => this.#lineOf(index));
    return {
      type: 'offsets',
      atUs: now + ownUs,
      offsetUs: others.map((line) => (line === own ? 0 : ownUs - lineAt(line, now))),
      drift: others.map((line) => (line === own ? 0 : (own.drift - line.drift) / (1 + own.drift))),
    };
  }

  /** A moment of our clock in that of an agent, µs. */
  momentFor(agent: Agent, ourUs: number): number {
    return ourUs + lineAt(this.#lineOf(agent.index), ourUs);
  }

  #lineOf(index: number): ClockLine {
    return this.#of[index]?.estimate.line ?? sameClock;
  }

  /** Errors are those from now on: when measuring begins. */
  beginWindow(): void {
    for (const { estimate } of this.#clocks) estimate.forgetErrors();
  }

  /** No more questions: what agents hand over would only be in the way of the answers. */
  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#refit();
  }

  /** By process index. */
  seen(): readonly ProcessClock[] {
    return this.#agents.map(({ index }) => {
      const clock = this.#of[index] ?? null;
      const { boundUs, spreadUs } = clock === null ? exact : clock.estimate.errors;
      return { clock: clock === null ? 0 : this.#clocks.indexOf(clock) + 1, boundUs, spreadUs };
    });
  }
}
