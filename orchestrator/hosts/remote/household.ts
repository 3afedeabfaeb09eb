import type { ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { makeScratch, markOf, newOwner } from '../../processes/owner.ts';
import { endOwned, removeStale } from '../../processes/stale.ts';
import type { ExitStatus, Host, HostProcess } from '../host.ts';
import { localHost } from '../local.ts';
import { startChild } from '../local-process.ts';
import { requireProgram } from '../which.ts';
import type { Happening, SpawnOrder } from './protocol.ts';

/** What a killed process group may take to let go of its pipes. */
const lastWordsMs = 500;
const endMs = 2_000;

/** All that one run has on a machine: a directory, and processes that bear its mark. Nothing of it outlives `asyncDispose`. */
export class Household implements AsyncDisposable {
  readonly directory: string;
  /** Files and samples; processes are started by `spawn`. */
  readonly host: Host;
  /** Ids of the dead runs whose leftovers were removed. */
  readonly cleared: readonly string[];
  readonly #owner: ReturnType<typeof newOwner>;
  readonly #processes = new Map<number, HostProcess>();
  #disposed: Promise<void> | null = null;

  private constructor(host: Host, owner: ReturnType<typeof newOwner>, cleared: readonly string[]) {
    this.host = host;
    this.cleared = cleared;
    this.directory = host.directory;
    this.#owner = owner;
  }

  /** Removes what dead runs have left here, then makes the directory of this one. */
  static async found(runId: string): Promise<Household> {
    const cleared = await removeStale();
    const directory = await makeScratch(runId);
    const name = process.env['BUSBENCH_HOST'] ?? 'host';
    const host = await localHost({ name, site: name, address: '', directory });
    return new Household(host, newOwner(runId), cleared);
  }

  /**
   * Starts a process; `tell` is told what it says on stderr (without pipes on stdout too), then how it ended. Its pipes
   * are those of the child.
   */
  async spawn(
    { id, command, stdio, ...options }: SpawnOrder,
    tell: (happening: Happening) => Promise<void>,
  ): Promise<ChildProcess> {
    const { name } = this.host;
    const where = { ...options, cwd: options.cwd ?? this.directory };
    const env = { ...options.env, ...markOf(this.#owner) };
    requireProgram(name, command[0] ?? '', where);
    const piped = stdio === 'pipe';
    const { child, process } = await startChild(
      name,
      // One pipe for both outputs keeps them in order.
      piped ? command : ['/bin/sh', '-c', 'exec "$0" "$@" 2>&1', ...command],
      { ...where, env },
      piped ? 'pipe' : ['ignore', 'pipe', 'ignore'],
    );
    this.#processes.set(id, process);
    const said = piped ? child.stderr : child.stdout;
    const over = new Promise<void>((resolve) => said?.once('close', () => resolve()));
    said?.on('data', (chunk: Buffer) => {
      said.pause();
      void tell({ id, log: chunk.toString('base64') }).then(() => said.resume());
    });
    void process.exited.then(async (exit: ExitStatus) => {
      this.#processes.delete(id);
      await Promise.race([over, new Promise((resolve) => setTimeout(resolve, lastWordsMs))]);
      await tell({ id, exit });
    });
    return child;
  }

  /** Undefined when it is gone. */
  process(id: number): HostProcess | undefined {
    return this.#processes.get(id);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    const running = [...this.#processes.values()];
    await Promise.all(running.map((process) => process.signal('SIGKILL')));
    const gone = Promise.all(running.map(({ exited }) => exited));
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, endMs))]);
    await endOwned(this.#owner).catch((error: unknown) => {
      process.stderr.write(`busbench-remote: ${String(error)}\n`);
    });
    await rm(this.directory, { recursive: true, force: true, maxRetries: 3 });
  }
}
