import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostError } from '../errors.ts';
import { guardGroup, unguardGroup } from './guard.ts';
import type { ExitStatus, HostProcess, SpawnOptions } from './host.ts';

/**
 * Starts a process on this machine as the leader of its own group and session, so that Ctrl-C reaches only us and
 * `signal` reaches all of it. The whole group dies with its leader, and with this process, even by kill -9.
 */
export async function startLocalProcess(
  hostName: string,
  command: readonly string[],
  options: SpawnOptions,
): Promise<HostProcess> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    const stdio: StdioOptions =
      options.stdio === 'pipe' ? ['pipe', 'pipe', log] : ['ignore', log, log];
    return (await startChild(hostName, command, options, stdio)).process;
  } finally {
    closeSync(log);
  }
}

/** The same with whatever stands for its three streams; the child is that of the process. */
export async function startChild(
  hostName: string,
  [file, ...args]: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env'>,
  stdio: StdioOptions,
): Promise<{ readonly child: ChildProcess; readonly process: HostProcess }> {
  if (file === undefined) throw new TypeError('an empty command');
  try {
    const child = spawn(file, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...minimalEnvironment(), ...options.env },
      detached: true,
      stdio,
    });
    await once(child, 'spawn');
    return { child, process: adopt(child) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HostError(
      'HOST_SPAWN_FAILED',
      `${hostName}: cannot start ${file}${options.cwd === undefined ? '' : ` in ${options.cwd}`}: ${reason}`,
      `Is ${file} installed, executable, and on PATH (${process.env['PATH'] ?? 'unset'})?`,
      { cause: error },
    );
  }
}

/** What every process gets: enough to find programs and a home, nothing that makes two machines differ. */
function minimalEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: process.env['HOME'] ?? homedir(),
    LANG: process.env['LANG'] ?? 'C.UTF-8',
  };
}

function adopt(child: ChildProcess): HostProcess {
  const pid = child.pid;
  if (pid === undefined) throw new Error('a running child without a pid');
  guardGroup(pid);
  let running = true;
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (code, signal) => {
      running = false;
      // Whatever the leader left in its group. The number cannot be another group's while one of them lives.
      signalGroup(pid, 'SIGKILL');
      unguardGroup(pid);
      resolve({ code, signal });
    });
  });
  // Writing to a process that has just died is told by `exited`, not by an EPIPE that nobody awaits.
  child.stdin?.on('error', () => {});
  const signal: HostProcess['signal'] = async (name) => {
    if (running) signalGroup(pid, name);
  };
  return {
    pid,
    stdin: child.stdin,
    stdout: child.stdout,
    exited,
    signal,
    async end(graceMs) {
      await signal('SIGTERM');
      // A paused process takes no SIGTERM before it goes on.
      await signal('SIGCONT');
      const patience = new AbortController();
      const overdue = sleep(graceMs, null, { signal: patience.signal }).catch(() => null);
      if ((await Promise.race([exited, overdue])) === null) await signal('SIGKILL');
      patience.abort();
      return exited;
    },
  };
}

function signalGroup(pgid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pgid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
