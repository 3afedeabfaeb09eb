import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messagesOf } from '../../agents/lines.ts';
import { BenchError, HostError } from '../errors.ts';
import type { RunProgress } from '../observer.ts';
import { claimedDirectories, isAlive } from '../processes/owner.ts';
import { linkOrEmpty, pids, readOrNull } from '../processes/proc-files.ts';
import { programPath } from '../processes/program.ts';
import { removeStale } from '../processes/stale.ts';
import {
  type DeployReport,
  type Failure,
  type KeeperReply,
  type KeeperRequest,
  sendLine,
} from './protocol.ts';
import { forgetState, type KeeperState, type ScenarioOrigin, socketPath } from './state.ts';

/** Starts a keeper that outlives us; resolves once what it keeps stands, rejects with what went wrong. */
export async function startKeeper(
  directory: string,
  { reference, sets }: ScenarioOrigin,
  onStep: (step: string) => void,
  stop: AbortSignal,
): Promise<void> {
  const log = openSync(join(directory, 'keeper.log'), 'a', 0o600);
  const args = [programPath('orchestrator/keeper/keeper-main'), directory, reference, ...sets];
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const interrupt = (): void => {
    child.kill('SIGTERM');
  };
  stop.addEventListener('abort', interrupt, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('message', (message: DeployReport) => {
        if (message.type === 'step') onStep(message.step);
        else if (message.type === 'ready') resolve();
        else reject(toError(message.failure));
      });
      child.once('error', reject);
      child.once('exit', (code) => reject(keeperDied(`ended with ${code}`, directory)));
    });
  } catch (error) {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    throw stop.aborted ? stop.reason : error;
  } finally {
    stop.removeEventListener('abort', interrupt);
  }
  if (child.connected) child.disconnect();
  child.unref();
}

/** Sends one request; resolves with what the keeper says at its end. Aborting stops a bench and keeps its numbers. */
export async function ask(
  directory: string,
  request: KeeperRequest,
  onProgress: (progress: RunProgress) => void,
  stop: AbortSignal | null,
): Promise<readonly string[]> {
  const socket = await dial(directory);
  const onStop = (): void => sendLine(socket, { type: 'stop' });
  stop?.addEventListener('abort', onStop, { once: true });
  try {
    sendLine(socket, request);
    for await (const reply of messagesOf<KeeperReply>(socket, 'the keeper')) {
      if (reply.type === 'progress') onProgress(reply.progress);
      else if (reply.type === 'done') return reply.found;
      else throw toError(reply.failure);
    }
  } finally {
    stop?.removeEventListener('abort', onStop);
    socket.destroy();
  }
  throw keeperDied('hung up', directory);
}

async function dial(directory: string): Promise<Socket> {
  const socket = connect(socketPath(directory));
  try {
    await once(socket, 'connect');
  } catch (cause) {
    throw keeperDied(cause instanceof Error ? cause.message : String(cause), directory);
  }
  socket.on('error', () => {});
  return socket;
}

const patienceMs = 60_000;
const pollMs = 50;

/**
 * Removes a deployment whether its keeper lives, hangs or was killed; resolves with sentences that say what was
 * found. Results and logs stay.
 */
export async function destroyDeployment(
  directory: string,
  state: KeeperState,
): Promise<readonly string[]> {
  const found: string[] = [];
  if (isKeeper(state)) {
    try {
      const deployed = await ask(directory, { type: 'destroy' }, () => {}, null);
      found.push('a living keeper', ...deployed);
    } catch (error) {
      found.push(
        `a keeper that did not answer (${error instanceof Error ? error.message : error})`,
      );
      process.kill(state.owner.pid, 'SIGTERM');
    }
    if (!(await gone(state, patienceMs))) {
      found.push('a keeper that did not end: killed');
      process.kill(state.owner.pid, 'SIGKILL');
      await gone(state, patienceMs);
    }
  } else found.push('no keeper: it was killed, or the machine was restarted');
  found.push(...(await removeLeftovers([state.owner.runId])));
  await forgetState(directory);
  return found;
}

/** Removes what dead runs of busbench left on this machine; resolves with sentences that say what was found. */
export async function destroyStale(): Promise<readonly string[]> {
  const dead = claimedDirectories().filter(({ owner }) => !isAlive(owner));
  return removeLeftovers(dead.map(({ owner }) => owner.runId));
}

/** Ends what still works in the scratch directories of these runs, then removes what all dead runs have left. */
async function removeLeftovers(runIds: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { pid, command } of processesIn(runIds)) {
    found.push(`process ${pid} (${command}): killed`);
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  for (const runId of await removeStale())
    found.push(`scratch files or namespaces of run ${runId}`);
  return found;
}

/** Everything we start on this machine works in the scratch directory of its run, whatever became of its parent. */
function processesIn(
  runIds: readonly string[],
): readonly { readonly pid: number; readonly command: string }[] {
  return pids().flatMap((pid) => {
    if (pid === process.pid) return [];
    const directory = linkOrEmpty(`/proc/${pid}/cwd`);
    const ours = runIds.some((runId) => directory.includes(`/busbench-${runId}-`));
    const command = readOrNull(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? '';
    return ours ? [{ pid, command: command.trim().slice(0, 80) }] : [];
  });
}

/** Is the process of that number still the keeper? */
function isKeeper({ owner }: KeeperState): boolean {
  return isAlive(owner);
}

async function gone(state: KeeperState, ms: number): Promise<boolean> {
  const untilMs = performance.now() + ms;
  while (isKeeper(state)) {
    if (performance.now() > untilMs) return false;
    await sleep(pollMs);
  }
  return true;
}

function toError({ kind, code, message, hint }: Failure): BenchError {
  return new BenchError(kind === 'usage' ? 'usage' : 'host', code, message, hint);
}

function keeperDied(how: string, directory: string): HostError {
  return new HostError(
    'KEEPER_GONE',
    `the keeper of ${directory} does not answer: ${how}`,
    `Read ${join(directory, 'keeper.log')}; \`busbench destroy --state ${directory}\` removes what is left.`,
  );
}
