import type { Readable, Writable } from 'node:stream';

/** A machine, namespace or loopback address where commands run. Only ever used by what a fabric made. */
export interface Host {
  /** Unique in the run: the site's name, or `<site>.<n>` where a site has several hosts. */
  readonly name: string;
  readonly site: string;
  /** The address processes on this host bind to and others are routed to. */
  readonly address: string;
  /** A private directory of this run on that host; exists, and is removed with the fabric. */
  readonly directory: string;
  /** The command that runs a program of ours, such as `agents/main`, by node as it is installed there. */
  program(name: string, ...nodeFlags: readonly string[]): readonly string[];
  /** Starts a command; resolves once it runs, rejects with a `HostError` when it cannot. */
  spawn(command: readonly string[], options: SpawnOptions): Promise<HostProcess>;
  /** Runs a command to its end and returns its stdout; rejects with a `HostError` that quotes its stderr. */
  run(
    command: readonly string[],
    options: SpawnOptions & { readonly timeoutMs: number },
  ): Promise<string>;
  /** Writes a file below `directory` (mode 0600) and returns its path there. */
  put(name: string, content: string | Uint8Array): Promise<string>;
  get(path: string): Promise<Buffer>;
  /**
   * Cumulative CPU, resident memory and open sockets of each process and all its descendants, in the order of the pids;
   * null for one that is gone.
   */
  sample(pids: readonly number[]): Promise<readonly (ProcessSample | null)[]>;
  /** False where nobody can look at processes from outside: an agent there tells in the end what it used. */
  readonly samples?: false;
}

export interface SpawnOptions {
  /** Added to a minimal environment (PATH, HOME, LANG). */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** File on this machine that gets stderr (and stdout, unless it is a pipe). */
  readonly logFile: string;
  /** `pipe`: stdin and stdout carry a protocol; `log`: stdout goes to the log, stdin is empty. */
  readonly stdio: 'pipe' | 'log';
}

export interface HostProcess {
  /** Pid as `Host.sample` and `signal` understand it. */
  readonly pid: number;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  /** Settles, never rejects, when the process is gone. */
  readonly exited: Promise<ExitStatus>;
  /** To the whole process group. A process already gone is not an error. */
  signal(signal: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGINT'): Promise<void>;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when it is gone. */
  end(graceMs: number): Promise<ExitStatus>;
}

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
  /** The host itself was lost, for this reason: how the process ended is not known. */
  readonly lost?: Error;
}

export interface ProcessSample {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly sockets: number;
}
