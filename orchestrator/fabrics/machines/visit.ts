import { rm } from 'node:fs/promises';
import type { Site } from '../../../topologies/topology.ts';
import { BenchError } from '../../errors.ts';
import type { Host } from '../../hosts/host.ts';
import { connectMachine } from '../../hosts/remote/connect.ts';
import type { HostFacts } from '../../hosts/remote/protocol.ts';
import { remoteHost } from '../../hosts/remote/remote-host.ts';
import { makeScratch } from '../../processes/owner.ts';
import { addressOf } from './address.ts';
import { type Place, placesOf } from './places.ts';

/** A machine that answered, for as long as it is looked at. */
export interface Visited {
  readonly host: Host;
  readonly facts: HostFacts;
  /** For what commands there complain of. */
  readonly logs: string;
}

/** What became of the visit to one machine. */
export interface Visit<T> {
  readonly place: Place;
  readonly outcome: { readonly seen: T } | { readonly failure: BenchError };
}

/** Connects to every machine of these sites, looks at each that answers, and leaves nothing there. */
export async function visitMachines<T>(
  sites: readonly Site[],
  look: (visited: Visited) => Promise<T>,
  signal: AbortSignal,
): Promise<readonly Visit<T>[]> {
  const logs = await makeScratch('visit');
  const places = placesOf(sites);
  try {
    return await Promise.all(
      places.map(async (place): Promise<Visit<T>> => {
        try {
          const { name, site, machine } = place;
          await using connection = await connectMachine(
            name,
            machine,
            { runId: 'visit', logs },
            signal,
          );
          const { session, facts } = connection;
          const address = await addressOf(name, machine, connection, places.length === 1);
          const host = await remoteHost({ name, site, address }, session, facts);
          return { place, outcome: { seen: await look({ host, facts, logs }) } };
        } catch (failure) {
          signal.throwIfAborted();
          if (!(failure instanceof BenchError)) throw failure;
          return { place, outcome: { failure } };
        }
      }),
    );
  } finally {
    await rm(logs, { recursive: true, force: true });
  }
}
