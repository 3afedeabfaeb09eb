import { join } from 'node:path';
import type { Announcement, Assignment } from '../../agents/protocol.ts';
import type { AgentProcess } from '../buses/bus.ts';
import { AgentError } from '../errors.ts';
import type { ExitStatus, Host, HostProcess } from '../hosts/host.ts';
import type { ResourceStack } from '../processes/resource-stack.ts';
import { AgentChannel } from './agent-channel.ts';

/** One agent process of the run and our end of its protocol. */
export interface Agent extends AgentProcess {
  readonly role: 'client' | 'server' | 'both';
  readonly site: string;
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

/** One life of an agent: its process, and our end of the protocol with it. */
export async function spawnAgent(
  name: string,
  host: Host,
  logs: string,
  resources: ResourceStack,
): Promise<Pick<Agent, 'process' | 'channel'>> {
  const logFile = join(logs, `${name}.log`);
  const command = host.program('agents/main', '--max-semi-space-size=32');
  const process = await host.spawn(command, { logFile, stdio: 'pipe' });
  resources.defer(async () => {
    await process.end(endGraceMs);
  });
  const { stdin, stdout } = process;
  if (!stdin || !stdout) throw new Error(`agent ${name} was started without pipes`);
  return { process, channel: new AgentChannel(name, stdout, stdin) };
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
    status.signal === null ? `exited with code ${status.code}` : `died by ${status.signal}`;
  const at = new Date().toISOString();
  return new AgentError(
    'AGENT_DIED',
    `agent ${agent.name} (pid ${agent.process.pid}, site ${agent.site}) ${how} at ${at}`,
    `Read logs/${agent.name}.log of the result. An out-of-memory killer or a stray kill looks like this.`,
  );
}
