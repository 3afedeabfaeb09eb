import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { FabricError } from '../../errors.ts';

/** Nobody connects to this port: to listen on it at 127.B.0.1 is to own the blocks 127.B and 127.B+1. */
const lockPort = 17801;
const firstBlock = 10;
const lastBlock = 120;

/** Room for one fabric on this machine: site N is 127.B.N.1, "site J as seen from site I" is 127.B+1.I.J. */
export interface Block extends AsyncDisposable {
  readonly number: number;
}

/** The most sites a block has numbers for. */
export const maxSites = 254;

/** The block that is used when no other run has it. */
export const usualBlock: number = firstBlock;

export function siteAddress(block: number, site: number): string {
  return `127.${block}.${site}.1`;
}

export function relayAddress(block: number, fromSite: number, toSite: number): string {
  return `127.${block + 1}.${fromSite}.${toSite}`;
}

/** The first block that no other fabric on this machine holds; given back when disposed or when this process ends. */
export async function claimBlock(): Promise<Block> {
  for (let block = firstBlock; block <= lastBlock; block += 2) {
    const lock = await listenAlone(`127.${block}.0.1`);
    if (lock !== null) {
      return {
        number: block,
        async [Symbol.asyncDispose]() {
          lock.close();
          await once(lock, 'close');
        },
      };
    }
  }
  throw new FabricError(
    'LOOPBACK_NO_BLOCK',
    `every block of loopback addresses from 127.${firstBlock} to 127.${lastBlock + 1} is taken (port ${lockPort})`,
    `Wait for other runs to end, or see who listens with \`ss -ltnp 'sport = ${lockPort}'\`.`,
  );
}

/** Null when another process has it. */
async function listenAlone(host: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  server.listen({ host, port: lockPort, exclusive: true });
  try {
    await once(server, 'listening');
    server.unref();
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw error;
  }
}

/** Whether this machine answers on all of 127.0.0.0/8, as Linux does and macOS does not. */
export async function wholeLoopback(): Promise<boolean> {
  const server = createServer();
  server.listen({ host: `127.${firstBlock + 1}.254.254`, port: 0 });
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
