import { join } from 'node:path';
import type { Announcement, Assignment } from '../../agents/protocol.ts';
import type { AgentProcess } from '../buses/bus.ts';
import { AgentError } from '../errors.ts';
import type { ExitStatus, Host, HostProcess } from '../hosts/host.ts';
import type { Pack } from '../plan/packs.ts';
import type { PlannedProcess } from '../plan/plan.ts';
import type { ResourceStack } from '../processes/resource-stack.ts';
import { AgentChannel } from './agent-channel.ts';
import { AgentLines } from './agent-lines.ts';

/** One agent of the run, the process that plays it, and our end of its protocol. */
export interface Agent extends AgentProcess {
  readonly role: 'client' | 'server' | 'both';
  readonly site: string;
  /** Name of the process: the agent's own where it plays no other. */
  readonly playedBy: string;
  /** Of its present life: a fault may end it and start it again. */
  process: HostProcess;
  channel: AgentChannel;
  /** A fault ends it on purpose: its death is no failure of the run. */
  endedByFault: boolean;
  /** A life of it was killed before it could tell what it knew. */
  recordsLost: boolean;
  /** Where its receivers are found; known once they are open. */
  announced: readonly Announcement[];
}

export type AssignmentOf = (agent: Agent) => Promise<Assignment>;

const openMs = 60_000;
/** How long an agent told to stop may take. */
export const endGraceMs = 2_000;

/** A process that plays agents, and its channel, which brings them to life. */
export async function spawnAgents(
  name: string,
  host: Host,
  logs: string,
  resources: ResourceStack,
): Promise<{ readonly process: HostProcess; readonly lines: AgentLines }> {
  const logFile = join(logs, `${name}.log`);
  const command = host.program('agents/main', '--max-semi-space-size=32');
  const process = await host.spawn(command, { logFile, stdio: 'pipe' });
  resources.defer(async () => {
    await process.end(endGraceMs);
  });
  const { stdin, stdout } = process;
  if (!stdin || !stdout) throw new Error(`agent ${name} was started without pipes`);
  return { process, lines: new AgentLines(name, stdout, stdin) };
}

/** Starts a process with the agents that it plays. */
export async function startPack(
  pack: Pack,
  hosts: readonly Host[],
  logs: string,
  resources: ResourceStack,
): Promise<readonly Agent[]> {
  const cast = pack.agents.map((planned) => {
    return { ...planned, host: hostAt(hosts, planned) };
  });
  const { process, lines } = await spawnAgents(pack.name, hostOf(cast), logs, resources);
  return cast.map((one) => {
    const channel = new AgentChannel(one.name, one.index, lines);
    const state = { endedByFault: false, recordsLost: false, announced: [] };
    return { ...one, playedBy: pack.name, process, channel, ...state };
  });
}

/** Where the process of these agents starts. Whichever host of theirs: they share one only where hosts are alike. */
function hostOf([first]: readonly { readonly host: Host }[]): Host {
  if (!first) throw new Error('a process without agents');
  return first.host;
}

/** Where an agent is to be: on the host that its plan names, else those of one site take turns. */
function hostAt(hosts: readonly Host[], { site, index, host: name }: PlannedProcess): Host {
  const here = hosts.filter((host) =>
    name === undefined ? host.site === site : host.name === name,
  );
  const host = here[index % here.length];
  if (!host) throw new Error(`the fabric made no host ${name ?? `for site ${site}`}`);
  return host;
}

/** Gives an agent its peers; settles when its receivers are open. */
export async function openReceivers(
  agent: Agent,
  assignmentOf: AssignmentOf,
  signal: AbortSignal,
): Promise<void> {
  const assignment = await assignmentOf(agent);
  const opened = agent.channel.next('opened', openMs, signal);
  agent.channel.send({ type: 'assign', assignment });
  agent.announced = (await opened).announcements;
}

/** How the present life of an agent ended, as the error it is unless a fault wanted it. */
export function agentDied(agent: Agent, status: ExitStatus): Error {
  if (status.lost !== undefined) return status.lost;
  const how =
    status.signal !== null
      ? `died by ${status.signal}`
      : status.code === null
        ? 'closed its connection'
        : `exited with code ${status.code}`;
  const at = new Date().toISOString();
  const { name, playedBy, process, site } = agent;
  const where = playedBy === name ? `site ${site}` : `${playedBy}, which plays several agents`;
  return new AgentError(
    'AGENT_DIED',
    `agent ${name} (pid ${process.pid}, ${where}) ${how} at ${at}`,
    `Read logs/${playedBy}.log of the result. An out-of-memory killer or a stray kill looks like this.`,
  );
}
