import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { HostError } from '../errors.ts';
import type { SpawnOptions } from './host.ts';

/**
 * Throws HOST_SPAWN_FAILED where execvp would find no such program: for commands that are started by way of another one,
 * which would start, and only then find nothing to become.
 */
export function requireProgram(
  hostName: string,
  file: string,
  { env, cwd }: Pick<SpawnOptions, 'cwd' | 'env'>,
): void {
  if (isProgram(file, env?.['PATH'] ?? process.env['PATH'], cwd)) return;
  throw new HostError(
    'HOST_SPAWN_FAILED',
    `${hostName}: cannot start ${file}: there is no such program`,
    `Is ${file} installed, executable, and on PATH (${process.env['PATH'] ?? 'unset'})?`,
  );
}

function isProgram(file: string, path = '/usr/bin:/bin', cwd = '.'): boolean {
  const candidates = file.includes('/')
    ? [resolve(cwd, file)]
    : path.split(':').map((directory) => resolve(cwd, directory, file));
  return candidates.some((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return statSync(candidate).isFile();
    } catch {
      return false;
    }
  });
}
