import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { execa } from 'execa';
import { formatBytes } from '../../reports/format.ts';
import { UsageError } from '../errors.ts';
import { ask } from '../keeper/client.ts';
import { toAbsolute } from './keeper-flags.ts';
import { print } from './streams.ts';

export interface BackupFlags {
  readonly state: string;
  readonly output?: string;
}

/** `busbench backup`: everything of a state directory in one tarball. */
export async function backupCommand(flags: BackupFlags): Promise<void> {
  const directory = toAbsolute(flags.state);
  await refuseMissing(directory);
  // Counters and configurations end with the deployment; results and logs can be saved without it.
  await ask(directory, { type: 'snapshot' }, () => {}, null).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`busbench: without counters and configurations: ${reason}\n`);
  });
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '');
  const output = toAbsolute(flags.output ?? `${directory}-${stamp}.tar.gz`);
  await writeTarball(directory, output);
  print(`${output} (${formatBytes((await stat(output)).size)})\n`);
}

/** Of a directory in use: a log that grows meanwhile is saved as far as it was when its turn came. Sockets stay out. */
export async function writeTarball(directory: string, output: string): Promise<void> {
  const args = ['-C', dirname(directory), '--exclude=*.sock', basename(directory)];
  const result = await execa('tar', ['-czf', output, ...args], { reject: false });
  // GNU tar ends with 1 when a file changed as it was read; the archive is whole.
  if (result.failed && result.exitCode !== 1) throw result;
  if (result.stderr !== '') process.stderr.write(`${result.stderr}\n`);
}

async function refuseMissing(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => null);
  if (found?.isDirectory()) return;
  throw new UsageError(
    'NOT_DEPLOYED',
    `there is no state directory ${directory}`,
    'Name the one that was given to deploy with --state.',
  );
}
