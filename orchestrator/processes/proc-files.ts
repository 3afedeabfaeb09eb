import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

// Reads of /proc never wait for a disk, and one blocking read costs a tenth of an asynchronous one. What is gone, not
// ours to look at, or not there at all (macOS) is null or empty.

export function readOrNull(path: string): string | null {
  return orElse(() => readFileSync(path, 'utf8'), null);
}

export function linkOrEmpty(path: string): string {
  return orElse(() => readlinkSync(path), '');
}

export function listOrEmpty(path: string): readonly string[] {
  return orElse(() => readdirSync(path), []);
}

/** Fields of /proc/<pid>/stat from the third, the state, on: the name before it may hold blanks and brackets. */
export function statFields(pid: number): readonly string[] | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Every process of this machine, as far as we may see them. */
export function pids(): readonly number[] {
  return listOrEmpty('/proc').map(Number).filter(Number.isInteger);
}

/** How many files this process may have open, as the kernel writes it: a number, or `unlimited`. */
export function openFileLimits(): { readonly soft: string; readonly hard: string } | null {
  const limits = readOrNull('/proc/self/limits') ?? '';
  const [, soft, hard] = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(limits) ?? [];
  return soft === undefined || hard === undefined ? null : { soft, hard };
}

function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
