import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  appendFile,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { parseEntry } from '../../reports/sweep/read.ts';
import { type PointEntry, planFile } from '../../reports/sweep/sweep.ts';
import { makeDirectory } from '../../reports/write.ts';
import type { Json } from '../../topologies/json.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { UsageError } from '../errors.ts';

/** A point's identity: the same resolved scenario and repetition have the same id on every machine. */
export function pointId(scenario: ResolvedScenario, repetition: number): string {
  const identity = canonical({ scenario, repetition } as unknown as Json);
  return createHash('sha256').update(identity).digest('hex').slice(0, 12);
}

/** JSON with sorted keys, so that equal values have equal texts. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}

/**
 * The memory of a sweep: `index.jsonl` (append-only) and one directory a point, which appears by an atomic
 * rename. A kill at any moment leaves at worst a torn last line and a directory under `running/`.
 */
export class Journal implements AsyncDisposable {
  /** Absolute, without symbolic links. */
  readonly directory: string;
  readonly #entries: Map<string, PointEntry>;
  readonly #lock: Server;

  private constructor(directory: string, entries: Map<string, PointEntry>, lock: Server) {
    this.directory = directory;
    this.#entries = entries;
    this.#lock = lock;
  }

  /**
   * Opens or begins a sweep in a directory; rejects with SWEEP_LOCKED while another process has it, and with
   * OUTPUT_UNUSABLE when it holds something else.
   */
  static async open(wanted: string): Promise<Journal> {
    await makeDirectory(wanted);
    const directory = await realpath(wanted);
    const lock = await takeLock(directory);
    try {
      await refuseForeign(directory);
      await mkdir(join(directory, 'points'), { recursive: true });
      await rm(join(directory, 'running'), { recursive: true, force: true });
      await mkdir(join(directory, 'running'));
      const journal = new Journal(directory, await readIndex(directory), lock);
      await journal.#adopt();
      return journal;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** What is known of a point; null when it is to be measured, or its directory was removed. */
  entry(id: string): PointEntry | null {
    return this.#entries.get(id) ?? null;
  }

  /** Where a point may write until it is finished; does not exist yet. */
  runningDirectory(id: string): string {
    return join(this.directory, 'running', id);
  }

  /** Makes a finished point appear: its directory by one rename, then its line. */
  async finish(entry: PointEntry): Promise<void> {
    const running = this.runningDirectory(entry.id);
    if (entry.directory !== null) {
      await writeFile(join(running, 'point.json'), JSON.stringify(entry));
      const place = join(this.directory, entry.directory);
      // A retried point replaces what failed before; a kill in between makes it one to be measured again.
      if (existsSync(place)) await rename(place, `${running}.old`);
      await rename(running, place);
      await rm(`${running}.old`, { recursive: true, force: true });
    }
    await this.#append(entry);
  }

  /**
   * A kill between the rename and the line leaves a finished point unlisted: list it. A listed one whose directory
   * is gone (removed by hand, or a kill while it was being replaced) is to be measured again.
   */
  async #adopt(): Promise<void> {
    const places = new Set(await readdir(join(this.directory, 'points')));
    for (const { id, directory } of [...this.#entries.values()]) {
      if (directory !== null && !places.has(id)) this.#entries.delete(id);
    }
    for (const id of places) {
      const file = join(this.directory, 'points', id, 'point.json');
      const entry = parseEntry(await readFile(file, 'utf8').catch(() => ''));
      if (entry === null || entry.id !== id) continue;
      if (this.#entries.get(id)?.startedAt !== entry.startedAt) await this.#append(entry);
    }
  }

  async #append(entry: PointEntry): Promise<void> {
    const line = `${JSON.stringify(entry)}\n`;
    await appendFile(join(this.directory, 'index.jsonl'), line, { flush: true });
    this.#entries.set(entry.id, entry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(join(this.directory, 'running'), { recursive: true, force: true });
    await new Promise<void>((resolve) => this.#lock.close(() => resolve()));
  }
}

/** Every readable line; a torn last line (the process was killed while writing) is cut off. */
async function readIndex(directory: string): Promise<Map<string, PointEntry>> {
  const path = join(directory, 'index.jsonl');
  const entries = new Map<string, PointEntry>();
  if (!existsSync(path)) return entries;
  const text = await readFile(path, 'utf8');
  const whole = text.lastIndexOf('\n') + 1;
  if (whole < text.length) {
    const file = await open(path, 'r+');
    await file.truncate(Buffer.byteLength(text.slice(0, whole)));
    await file.close();
  }
  for (const [i, line] of text.slice(0, whole).split('\n').entries()) {
    if (line === '') continue;
    const entry = parseEntry(line);
    if (!entry) {
      throw new UsageError(
        'SWEEP_INDEX',
        `${path}:${i + 1} is not a line that a sweep wrote`,
        'Give the sweep a directory of its own with -o.',
      );
    }
    entries.set(entry.id, entry);
  }
  return entries;
}

/** What a sweep writes, and what is there before it has written anything that could be recognised. */
const own: readonly string[] = ['points', 'running', 'logs'];

/** A directory with files that no sweep wrote is somebody else's. */
async function refuseForeign(directory: string): Promise<void> {
  const inside = await readdir(directory);
  if (inside.includes('index.jsonl') || inside.includes(planFile)) return;
  const foreign = inside.filter((name) => !own.includes(name));
  if (foreign.length === 0) return;
  throw new UsageError(
    'OUTPUT_UNUSABLE',
    `${directory} holds something that is no sweep (${foreign.slice(0, 3).join(', ')})`,
    'Name a new or an empty directory with -o, or that of the sweep to go on with.',
  );
}

/** An abstract socket named after the directory: one holder at a time, gone with its process however it ends. */
async function takeLock(directory: string): Promise<Server> {
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 32);
  const server = createServer();
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new UsageError(
          'SWEEP_LOCKED',
          `another sweep is writing to ${directory}`,
          'Wait for it, or name another directory with -o.',
          { cause },
        ),
      );
    });
    server.listen(`\0busbench-sweep-${name}`, resolve);
  });
  return server;
}
