import { accessSync, constants, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { UsageError } from '../errors.ts';
import { linkOrEmpty, pids, readOrNull, statFields } from './proc-files.ts';

/** Variable in the environment of everything that runs in our namespaces: which run it belongs to, and whose that is. */
const variable = 'BUSBENCH_OWNER';

/** Who made a scratch directory or a namespace. The start time tells a process from a later one with the same pid. */
export interface Owner {
  readonly runId: string;
  readonly pid: number;
  readonly startedTicks: string;
  /** Tells apart what one process has made. */
  readonly serial: number;
  /** In which `pid` is a name: a container has its own, though it may share files with its machine. */
  readonly pidNamespace: string;
}

let lastSerial = 0;

const pidNamespace = /\d+/.exec(linkOrEmpty('/proc/self/ns/pid'))?.[0] ?? '';

/** A new owner in the name of this process. */
export function newOwner(runId: string): Owner {
  const { pid } = process;
  const serial = ++lastSerial;
  return { runId, pid, startedTicks: startedTicks(pid) ?? '', serial, pidNamespace };
}

/** Environment for all that this owner starts. */
export function markOf(owner: Owner): Readonly<Record<string, string>> {
  return { [variable]: textOf(owner) };
}

function textOf({ runId, pid, startedTicks: ticks, serial, pidNamespace: space }: Owner): string {
  return [runId, pid, ticks, serial, space].join(':');
}

/** Null for what is not the text of an owner. */
function parseOwner(text: string | undefined): Owner | null {
  const match = /^(.*):(\d+):(\d*):(\d+):(\d*)$/.exec(text ?? '');
  const [, runId = '', pid, ticks = '', serial, space = ''] = match ?? [];
  if (match === null) return null;
  return {
    runId,
    pid: Number(pid),
    startedTicks: ticks,
    serial: Number(serial),
    pidNamespace: space,
  };
}

/** Whoever marked a process; null for processes that are none of ours, gone, or not for us to look at. */
function ownerOf(pid: number): Owner | null {
  const environment = readOrNull(`/proc/${pid}/environ`)?.split('\0') ?? [];
  const mark = environment.find((entry) => entry.startsWith(`${variable}=`));
  return parseOwner(mark?.slice(variable.length + 1));
}

const ownerFile = '.owner';

/** Makes a directory ours, so that it is found again should we die. */
export function claimDirectory(directory: string, owner: Owner): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, ownerFile), textOf(owner), { mode: 0o600 });
}

/** Gives a directory away: it stays when we are gone. */
export async function disownDirectory(directory: string): Promise<void> {
  await rm(join(directory, ownerFile), { force: true });
}

/** Where scratch directories are made, absolute: $TMPDIR or /tmp. Throws TMPDIR_UNUSABLE where none can be. */
export function temporaryFolder(): string {
  const folder = resolve(tmpdir());
  try {
    readdirSync(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new UsageError(
      'TMPDIR_UNUSABLE',
      `cannot make scratch directories in ${folder}: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Set TMPDIR to a directory that can be written, or unset it: then /tmp is used.',
      { cause },
    );
  }
  return folder;
}

/** A new scratch directory of a run, ours until it is removed or given away. */
export async function makeScratch(runId: string): Promise<string> {
  const path = await mkdtemp(join(temporaryFolder(), `busbench-${runId}-`));
  claimDirectory(path, newOwner(runId));
  return path;
}

/** Every scratch directory of ours on this machine that somebody claimed. */
export function claimedDirectories(): readonly { readonly path: string; readonly owner: Owner }[] {
  const folder = temporaryFolder();
  const names = readdirSync(folder).filter((name) => name.startsWith('busbench-'));
  return names.flatMap((name) => {
    const path = join(folder, name);
    const owner = parseOwner(readOrNull(join(path, ownerFile)) ?? undefined);
    return owner === null ? [] : [{ path, owner }];
  });
}

/** Removes the scratch directories of runs that died; resolves with their ids. Those of the living stay. */
export async function removeStaleDirectories(): Promise<readonly string[]> {
  const stale = claimedDirectories().filter(({ owner }) => !isAlive(owner));
  for (const { path } of stale) await rm(path, { recursive: true, force: true, maxRetries: 3 });
  return stale.map(({ owner }) => owner.runId);
}

/** Every marked process on this machine. */
export function markedProcesses(): readonly { readonly pid: number; readonly owner: Owner }[] {
  return pids().flatMap((pid) => {
    const owner = ownerOf(pid);
    return owner === null ? [] : [{ pid, owner }];
  });
}

/** True also for those that we cannot judge, because their pid means another process to us. */
export function isAlive({ pid, startedTicks: ticks, pidNamespace: space }: Owner): boolean {
  return space !== pidNamespace || startedTicks(pid) === ticks;
}

/**
 * Field 22 of /proc/<pid>/stat; null when there is no such process, a zombie included. Without /proc (macOS) only
 * whether there is one: a later process with the same pid then keeps what is not its own.
 */
function startedTicks(pid: number): string | null {
  if (process.platform !== 'linux') return exists(pid) ? '' : null;
  const fields = statFields(pid) ?? [];
  return fields[0] === 'Z' ? null : (fields[19] ?? null);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
