import { createRequire } from 'node:module';
import type { Receiver, Sender } from 'rhea';

/** False when the other end attached the link without its source or target; rhea keeps an AMQP null for that. */
export function hasTerminus(link: Sender | Receiver): boolean {
  const terminus: unknown = link.is_receiver() ? link.source : link.target;
  return typeof terminus === 'object' && terminus !== null && 'address' in terminus;
}

/** The address that the bus gave to a dynamic source. */
export function dynamicAddress(link: Receiver): string | null {
  const source = link.source as { readonly address?: string } | null | undefined;
  return source?.address ?? null;
}

export const rheaVersion: string = (
  createRequire(import.meta.url)('rhea/package.json') as { readonly version: string }
).version;

/** A promise that rejects with the signal's reason when that comes first, and leaves no listener behind. */
export async function settledBefore(
  until: AbortSignal,
  executor: (resolve: () => void, reject: (reason: unknown) => void) => void,
): Promise<void> {
  until.throwIfAborted();
  let stop = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      stop = () => reject(until.reason);
      until.addEventListener('abort', stop);
      executor(resolve, reject);
    });
  } finally {
    until.removeEventListener('abort', stop);
  }
}
