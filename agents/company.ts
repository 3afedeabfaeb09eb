import { Agent, type AgentPlatform } from './agent.ts';
import type { Channel, LineChannel } from './channel.ts';
import { AgentFailure, protocolFailure } from './errors.ts';
import type { Line, ToAgent } from './protocol.ts';
import { Silence } from './silence.ts';

/** What a process gives the agents that it plays. */
export type CompanyPlatform = Omit<AgentPlatform, 'limitSilence'>;

/**
 * All agents that one process plays. The first line to a number brings that agent to life; what is wrong with a line, with
 * the channel or with the process ends them all. `onEnd` is called once, when the last has ended, with the exit code.
 */
export class Company {
  readonly #channel: LineChannel;
  readonly #platform: AgentPlatform;
  readonly #onEnd: (exitCode: number) => void;
  readonly #agents = new Map<number, Agent>();
  readonly #silence: Silence;
  #living = 0;
  #exitCode = 0;

  constructor(channel: LineChannel, platform: CompanyPlatform, onEnd: (exitCode: number) => void) {
    this.#channel = channel;
    this.#onEnd = onEnd;
    this.#silence = new Silence(platform.nowUs, (silentMs) => this.fail(orphaned(silentMs)));
    this.#platform = { ...platform, limitSilence: (ms) => this.#silence.limit(ms) };
  }

  /** One line from the orchestrator. */
  receive(line: Line<ToAgent>): void {
    const receivedUs = this.#platform.nowUs();
    this.#silence.heard();
    if (typeof line.agent !== 'number') {
      const got = JSON.stringify(line).slice(0, 200);
      this.fail(protocolFailure(`expected the number of an agent, got '${got}'`));
      return;
    }
    this.#agent(line.agent).receive(line, receivedUs);
  }

  /** Every agent reports the failure, and all end with exit code 1. */
  fail(error: unknown): void {
    // Nobody to say it for: the log has to do.
    if (this.#agents.size === 0) process.stderr.write(`${String(error)}\n`);
    for (const agent of this.#agents.values()) agent.fail(error);
    this.close(1);
  }

  close(exitCode: number): void {
    for (const agent of this.#agents.values()) void agent.close(exitCode);
    if (this.#agents.size === 0) this.#onEnd(exitCode);
  }

  #agent(number: number): Agent {
    const known = this.#agents.get(number);
    if (known !== undefined) return known;
    const channel = this.#channel;
    const own: Channel = {
      send: (message) => channel.send({ agent: number, ...message }),
      get congested() {
        return channel.congested;
      },
      drained: () => channel.drained(),
    };
    this.#living++;
    // They share a log: each line of it says whose it is.
    const log = (line: string): void => this.#platform.log(`agent ${number}: ${line}`);
    const platform = { ...this.#platform, log };
    const agent = new Agent(own, platform, (exitCode) => this.#ended(exitCode));
    this.#agents.set(number, agent);
    return agent;
  }

  #ended(exitCode: number): void {
    this.#exitCode = Math.max(this.#exitCode, exitCode);
    this.#living--;
    if (this.#living > 0) return;
    this.#silence.close();
    this.#onEnd(this.#exitCode);
  }
}

function orphaned(silentMs: number): AgentFailure {
  return new AgentFailure(
    'AGENT_ORPHANED',
    `heard nothing from the orchestrator for ${Math.round(silentMs / 1e3)} s`,
    'Was it stopped, or the network to it lost? An agent does not go on without one.',
  );
}
