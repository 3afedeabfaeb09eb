import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from './errors.ts';
import type { RunContext } from './fabrics/fabric.ts';
import {
  disownDirectory,
  makeScratch,
  removeStaleDirectories,
  temporaryFolder,
} from './processes/owner.ts';

/** Where a run writes, and the context its resources are named after. */
export interface RunDirectories extends RunContext, AsyncDisposable {
  readonly results: string;
}

/**
 * Makes the result directory (which must be absent or empty) and a private scratch directory, before anything
 * is started: a full run that cannot be written would be worse than an early error.
 */
export async function makeDirectories(
  scenarioName: string,
  wanted: string | undefined,
  keepScratch: boolean,
): Promise<RunDirectories> {
  const stamp = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(':', '');
  const results = resolve(wanted ?? join('results', `${scenarioName}-${stamp}`));
  temporaryFolder();
  await claim(results);
  return { ...(await makeContext(join(results, 'logs'), keepScratch)), results };
}

/**
 * A run id, a directory for logs and a private scratch directory, which is removed in the end; by the next run, if
 * this one is killed.
 */
export async function makeContext(
  logs: string,
  keepScratch = false,
): Promise<RunContext & AsyncDisposable> {
  const runId = `bb${Date.now().toString(36).slice(-6)}${randomBytes(2).toString('hex')}`;
  await removeStaleDirectories();
  await mkdir(logs, { recursive: true });
  const scratch = await makeScratch(runId);
  return {
    runId,
    logs,
    scratch,
    [Symbol.asyncDispose]: async () => {
      if (keepScratch) await disownDirectory(scratch);
      else await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Node's recursive mkdir never settles below /proc, where a folder that exists answers that it does not. */
async function makeWithParents(directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(directory) === directory) throw error;
    await makeWithParents(dirname(directory));
    await mkdir(directory);
  }
}

async function claim(directory: string): Promise<void> {
  try {
    await makeWithParents(directory);
    if (!(await stat(directory)).isDirectory()) throw new Error('it is not a directory');
    const inside = await readdir(directory);
    if (inside.length > 0)
      throw new Error(`it is not empty (${inside.slice(0, 3).join(', ')} ...)`);
    await access(directory, constants.W_OK);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(
      'OUTPUT_UNUSABLE',
      `cannot write results to ${directory}: ${why}`,
      'Name a new or an empty directory with -o.',
      { cause },
    );
  }
}
