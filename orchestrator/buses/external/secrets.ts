import { readFile } from 'node:fs/promises';
import type { TlsTexts } from '../../../agents/drivers/tls.ts';
import type { ExternalOptions } from '../../../topologies/buses/external.ts';
import { BusError } from '../../errors.ts';

/** What is read when a run starts, handed to agents over their stdin, and kept nowhere. */
export interface Secrets {
  /** Null when the scenario names no credentials. */
  readonly login: { readonly username: string; readonly password: string } | null;
  readonly tls: TlsTexts;
}

/** Rejects with EXTERNAL_SECRETS naming the variable or file, never its content. */
export async function readSecrets({
  credentials,
  tls,
}: Pick<ExternalOptions, 'credentials' | 'tls'>): Promise<Secrets> {
  const [ca, cert, key] = await Promise.all([tls.ca, tls.cert, tls.key].map(readPem));
  return {
    login: credentials === null ? null : await readLogin(credentials),
    tls: { ca: ca ?? null, cert: cert ?? null, key: key ?? null, serverName: tls.serverName },
  };
}

async function readLogin(
  from: NonNullable<ExternalOptions['credentials']>,
): Promise<{ readonly username: string; readonly password: string }> {
  const place = from.kind === 'env' ? `environment variable ${from.name}` : `file ${from.path}`;
  const text = from.kind === 'env' ? process.env[from.name] : await readText(from.path);
  // Editors of some systems put a byte order mark in front, and end the line with a carriage return.
  const [, username, password] = /^\uFEFF?([^:\r\n]+):([^\r\n]*)\r?\n?$/.exec(text ?? '') ?? [];
  if (username !== undefined && password !== undefined) return { username, password };
  const got = text === undefined ? 'it is not set' : 'something else';
  throw secretsError(`${place}: expected one line, user:password; got ${got}`);
}

async function readPem(path: string | null): Promise<string | null> {
  if (path === null) return null;
  const text = await readText(path);
  if (text.includes('-----BEGIN ')) return text;
  throw secretsError(`file ${path}: expected PEM text`);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw secretsError(`file ${path} cannot be read (${code})`);
  }
}

function secretsError(message: string): BusError {
  return new BusError(
    'EXTERNAL_SECRETS',
    message,
    'Paths are relative to the folder that busbench is run in; bus.credentials and bus.tls name them.',
  );
}
