import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { UsageError } from '../errors.ts';

/** A token of 256 bits. Short ones could be guessed from a captured handshake, so people do not make their own. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** As `newToken` writes it, or any other of 128 bits and more. */
const shape = /^[A-Za-z0-9_-]{22,512}$/;
const others = 0o077;

/** Reads a token; rejects with TOKEN_UNUSABLE where it is absent, no token, or readable by others. Never quotes it. */
export async function readToken(file: string): Promise<string> {
  const handle = await open(file, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw unusable(file, `it cannot be read (${cause.code})`, make(file));
  });
  try {
    const { mode } = await handle.stat();
    if ((mode & others) !== 0) {
      const got = (mode & 0o777).toString(8);
      throw unusable(file, `expected mode 600, got ${got}`, `chmod 600 ${file}`);
    }
    const token = (await handle.readFile('utf8')).trim();
    if (shape.test(token)) return token;
    const got = token === '' ? 'nothing' : 'something else';
    throw unusable(
      file,
      `expected one line of 22 or more of A-Z a-z 0-9 _ -, got ${got}`,
      make(file),
    );
  } finally {
    await handle.close();
  }
}

function make(file: string): string {
  return `Make one: (umask 077; busbench token > ${file}), and copy it to every machine.`;
}

function unusable(file: string, why: string, hint: string): UsageError {
  return new UsageError('TOKEN_UNUSABLE', `token file ${file}: ${why}`, hint);
}
