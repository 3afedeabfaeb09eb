import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
/** The command as it was built. */
export const busbenchProgram: string = join(root, 'dist', 'orchestrator', 'cli.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Processes of its tree that outlived it by five seconds. */
  leftovers(): Promise<readonly string[]>;
}

export interface Started {
  readonly child: ChildProcess;
  /** Settles when stderr has matched; rejects when the command ended before. */
  said(pattern: RegExp): Promise<void>;
  readonly finished: Promise<Finished>;
}

/** Starts `busbench <args>` from `dist`, as a user's shell would. */
export function startBusbench(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  program: string = busbenchProgram,
): Started {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const tree = followTree(child.pid);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const finished = new Promise<Finished>((resolve) => {
    child.on('exit', () => tree.stop());
    const leftovers = (): Promise<readonly string[]> => stillRunning(tree.seen);
    child.on('close', (code) => resolve({ code, stdout, stderr, leftovers }));
  });
  const said = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(stderr)) resolve();
      };
      look();
      child.stderr.on('data', look);
      void finished.then(() => reject(new Error(`ended before ${pattern} appeared: ${stderr}`)));
    });
  return { child, said, finished };
}

/** Runs `busbench <args>` to its end. */
export function busbench(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return startBusbench(args, env).finished;
}

/** A folder for one test, removed by `dispose`. */
export async function scratchFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'busbench-e2e-'));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** Writes a scenario file and returns its path. */
export async function scenarioFile(folder: string, yaml: string): Promise<string> {
  const path = join(folder, 'scenario.yaml');
  await writeFile(path, yaml);
  return path;
}

/** Follows a command's process tree while it runs, so that whatever outlives it can be named. */
function followTree(pid: number | undefined): { readonly seen: Map<string, string>; stop(): void } {
  const seen = new Map<string, string>();
  const look = (): void => {
    const parents = new Map<number, number>();
    for (const name of readdirSync('/proc')) {
      const stat = /^\d+$/.test(name) ? readStat(Number(name)) : null;
      if (stat) parents.set(Number(name), stat.parent);
    }
    for (const candidate of parents.keys()) {
      let up: number | undefined = candidate;
      while (up !== undefined && up > 1 && up !== pid) up = parents.get(up);
      if (up !== pid || candidate === pid) continue;
      const stat = readStat(candidate);
      const command = readOrEmpty(`/proc/${candidate}/cmdline`).replaceAll('\0', ' ').trim();
      if (stat) seen.set(`${candidate} ${stat.startTicks}`, command);
    }
  };
  const timer = setInterval(look, 100);
  timer.unref();
  return { seen, stop: () => clearInterval(timer) };
}

/** Parent, start time and state of a process; null when it is gone or a zombie. */
function readStat(pid: number): { readonly parent: number; readonly startTicks: string } | null {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 20 || fields[0] === 'Z') return null;
  return { parent: Number(fields[1]), startTicks: fields[19] ?? '' };
}

/** Waits until no process of the tree is left; returns those that stay. */
async function stillRunning(seen: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const untilMs = Date.now() + 5_000;
  for (;;) {
    const left = [...seen].filter(([key]) => {
      const [pid, startTicks] = key.split(' ');
      return readStat(Number(pid))?.startTicks === startTicks;
    });
    if (left.length === 0 || Date.now() > untilMs)
      return left.map(([key, text]) => `${key} ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
