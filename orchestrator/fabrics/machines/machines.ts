import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Topology } from '../../../topologies/topology.ts';
import { type BenchError, HostError } from '../../errors.ts';
import { type Connection, connectMachine } from '../../hosts/remote/connect.ts';
import { remoteHost } from '../../hosts/remote/remote-host.ts';
import { ResourceStack } from '../../processes/resource-stack.ts';
import type { Fabric, FabricMaker, RunContext } from '../fabric.ts';
import { addressOf } from './address.ts';
import { MachinesFabric } from './machines-fabric.ts';
import { type Place, placesOf } from './places.ts';

const asTheyAre = 'the machines fabric takes the links between machines as they are';

/** Sites on real machines behind ssh. */
export const machines: FabricMaker = {
  name: 'machines',
  needsRoot: [],
  elsewhere: true,
  fixedLinks: `${asTheyAre}, and cannot cut or change them`,
  refuse: ({ links }) =>
    links.flatMap((link, index) => {
      const asked = [
        ['delay', link.delayMs],
        ['jitter', link.jitterMs],
        ['loss', link.lossPercent],
        ['rate', link.rateMbps ?? 0],
      ] as const;
      return asked.flatMap(([key, value]) =>
        value > 0
          ? [{ path: `links[${index}].${key}`, message: `${asTheyAre}: expected none` }]
          : [],
      );
    }),
  addresses: ({ sites }) =>
    placesOf(sites).map(({ name, site, machine }) => ({
      site,
      host: name === site ? machine.ssh : `${machine.ssh} (${name})`,
      address: machine.address ?? 'as ssh reaches it',
    })),
  available: async () =>
    (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'ssh')))
      ? null
      : { missing: 'the ssh command', hint: 'apt-get install openssh-client' },
  make,
};

async function make({ sites }: Topology, run: RunContext, signal: AbortSignal): Promise<Fabric> {
  signal.throwIfAborted();
  const places = placesOf(sites);
  const stack = new ResourceStack();
  try {
    const connections = await connectAll(places, run, stack, signal);
    const isAlone = places.length === 1;
    const hosts = await settled(
      connections.map(async ({ place, session, facts }) => {
        const { name, site, machine } = place;
        const address = await addressOf(name, machine, { session, facts }, isAlone);
        return remoteHost({ name, site, address }, session, facts);
      }),
    );
    const facts = new Map(connections.map(({ place, facts: own }) => [place.name, own]));
    return new MachinesFabric({ hosts, facts, run, stack });
  } catch (error) {
    await stack[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}

async function connectAll(
  places: readonly Place[],
  run: RunContext,
  stack: ResourceStack,
  signal: AbortSignal,
): Promise<readonly (Connection & { readonly place: Place })[]> {
  const open: Connection[] = [];
  // Machines are let go of side by side: one that is slow to answer holds up no other.
  stack.defer(async () => {
    await settled(open.map((connection) => connection[Symbol.asyncDispose]()));
  });
  return settled(
    places.map(async (place) => {
      const connection = await connectMachine(place.name, place.machine, run, signal);
      open.push(connection);
      return { ...connection, place };
    }),
  );
}

/** All of them, or, once every one has been tried, what each that failed had to say. */
async function settled<T>(attempts: readonly PromiseLike<T>[]): Promise<readonly T[]> {
  const outcomes = await Promise.allSettled(attempts);
  const failures: readonly unknown[] = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  );
  const [first] = failures;
  const known = failures.filter((failure) => failure instanceof HostError);
  if (failures.length > 1 && known.length === failures.length) throw allOf(known);
  if (first !== undefined) throw first;
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}

function allOf(failures: readonly BenchError[]): HostError {
  const codes = new Set(failures.map(({ code }) => code));
  const [code = ''] = codes;
  const hints = [...new Set(failures.map(({ hint }) => hint))];
  return new HostError(
    codes.size === 1 ? code : 'HOSTS_FAILED',
    failures.map(({ message }) => message).join('\n'),
    hints.join('\n  '),
  );
}
