import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  appendFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Json, ResolvedScenario } from '../../topologies/scenario.ts';
import { UsageError } from '../errors.ts';
import type { Settings } from './spec.ts';

/** How a point ended. `skipped`: `stopWhen` made it needless; `timeout`: it took longer than `pointTimeout`. */
export type PointStatus =
  | 'ok'
  | 'expectation-missed'
  | 'invalid'
  | 'failed'
  | 'interrupted'
  | 'timeout'
  | 'skipped';

/** One line of `index.jsonl`; a later line of the same id replaces an earlier one. */
export interface PointEntry {
  readonly id: string;
  readonly settings: Settings;
  readonly repetition: number;
  readonly status: PointStatus;
  /** Why it is not ok; null when it is. */
  readonly reason: string | null;
  /** Below the campaign's directory; null when there is nothing to look at. */
  readonly directory: string | null;
  readonly startedAt: string;
  readonly durationMs: number;
}

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
 * The memory of a campaign: `index.jsonl` (append-only) and one directory a point, which appears by an atomic
 * rename. A kill at any moment leaves at worst a torn last line and a directory under `running/`.
 */
export class Journal implements AsyncDisposable {
  readonly directory: string;
  readonly #entries: Map<string, PointEntry>;
  readonly #lock: Server;

  private constructor(directory: string, entries: Map<string, PointEntry>, lock: Server) {
    this.directory = directory;
    this.#entries = entries;
    this.#lock = lock;
  }

  /** Opens or begins a campaign in a directory; rejects with SWEEP_LOCKED while another process has it. */
  static async open(directory: string): Promise<Journal> {
    await mkdir(join(directory, 'points'), { recursive: true });
    const lock = await takeLock(directory);
    await rm(join(directory, 'running'), { recursive: true, force: true });
    await mkdir(join(directory, 'running'));
    const journal = new Journal(directory, await readIndex(directory), lock);
    await journal.#adopt();
    return journal;
  }

  get entries(): readonly PointEntry[] {
    return [...this.#entries.values()];
  }

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
    if (existsSync(running)) {
      await writeFile(join(running, 'point.json'), JSON.stringify(entry));
      const place = join(this.directory, 'points', entry.id);
      // A retried point replaces what failed before.
      await rm(place, { recursive: true, force: true });
      await rename(running, place);
    }
    await this.#append(entry);
  }

  /** A kill between the rename and the line leaves a finished point unlisted: list it. */
  async #adopt(): Promise<void> {
    for (const id of await readdir(join(this.directory, 'points'))) {
      const text = await readFile(join(this.directory, 'points', id, 'point.json'), 'utf8');
      const entry = parseEntry(text);
      const listed = this.#entries.get(id);
      if (entry && listed?.startedAt !== entry.startedAt) await this.#append(entry);
    }
  }

  async #append(entry: PointEntry): Promise<void> {
    await appendFile(join(this.directory, 'index.jsonl'), `${JSON.stringify(entry)}\n`);
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

function parseEntry(line: string): PointEntry | null {
  try {
    const value: unknown = JSON.parse(line);
    const known = typeof value === 'object' && value !== null && 'id' in value && 'status' in value;
    return known ? (value as PointEntry) : null;
  } catch {
    return null;
  }
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
