import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** What a user should know of what was read, on stderr. */
export function printNotes(notes: readonly string[]): void {
  for (const note of notes) process.stderr.write(`busbench: ${note}\n`);
}

/** What stdout could not take; null while it took everything. */
let refusal: NodeJS.ErrnoException | null = null;
/** Where what was to be printed can be had again; null when nowhere. */
let keptIn: string | null = null;

/**
 * Neither a lost terminal nor a full disk may end a run: nothing that goes wrong on stderr matters, and what goes
 * wrong on stdout is remembered for `lostOutput`. Call once, before anything is printed.
 */
export function guardStreams(): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    refusal ??= error;
  });
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.on('exit', () => letGo(terminals.filter((fd) => !isatty(fd))));
}

/** Node gives terminals their settings back as it ends, and aborts where one hung up: it must not find those. */
function letGo(descriptors: readonly number[]): void {
  for (const fd of descriptors) {
    closeSync(fd);
    // The lowest free number, which is the one just closed.
    openSync('/dev/null', 'r+');
  }
}

/** Prints on stdout; `kept` is the directory from which the same can be printed again. */
export function print(text: string, kept: string | null = null): void {
  keptIn = kept ?? keptIn;
  process.stdout.write(text);
}

/**
 * Why stdout does not hold all that was printed, once everything has been tried; null when it does. A reader that
 * went away (`| head -1`) has had what it wanted, so that is no loss.
 */
export async function lostOutput(): Promise<{
  readonly why: string;
  readonly keptIn: string | null;
} | null> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  if (refusal === null || refusal.code === 'EPIPE') return null;
  return { why: refusal.message, keptIn };
}
