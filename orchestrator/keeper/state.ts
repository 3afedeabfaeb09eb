import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../../reports/write.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { UsageError } from '../errors.ts';
import type { Owner } from '../processes/owner.ts';
import { busKey } from '../sweep/order.ts';

/** What a scenario was made of: a file or a ready-made name, and the `--set`s over it. */
export interface ScenarioOrigin {
  readonly reference: string;
  readonly sets: readonly string[];
}

/** `state.json`: there from the moment something stands until it was removed. */
export interface KeeperState {
  readonly schema: 'busbench/state/1';
  readonly origin: ScenarioOrigin;
  readonly name: string;
  /** The keeper. */
  readonly owner: Owner;
  /** Hash of what the deployment was made for; benches must need the same. */
  readonly deploymentKey: string;
  readonly deployedAt: string;
}

const stateShape: z.ZodType<KeeperState> = z.object({
  schema: z.literal('busbench/state/1'),
  origin: z.object({ reference: z.string(), sets: z.array(z.string()) }),
  name: z.string(),
  owner: z.custom<Owner>((value) => typeof value === 'object' && value !== null),
  deploymentKey: z.string(),
  deployedAt: z.string(),
});

/** Linux takes no longer name for a socket, its end included. */
const maxSocketPath = 107;

/** Where the keeper of a state directory listens; throws when the name is too long to listen at. */
export function socketPath(directory: string): string {
  const path = join(resolve(directory), 'keeper.sock');
  if (Buffer.byteLength(path) <= maxSocketPath) return path;
  throw new UsageError(
    'STATE_PATH_TOO_LONG',
    `a socket cannot be named ${path}: expected at most ${maxSocketPath} bytes`,
    'Choose a state directory with a shorter path.',
  );
}

/** Makes the directory private, or takes it again after a `destroy`; refuses one where something stands. */
export async function claimState(directory: string): Promise<void> {
  socketPath(directory);
  if (existsSync(join(directory, 'state.json'))) {
    throw new UsageError(
      'STATE_TAKEN',
      `${directory} already has a deployment`,
      `Run \`busbench destroy --state ${directory}\` first, or name another directory.`,
    );
  }
  await mkdir(join(directory, 'logs'), { recursive: true });
  await chmod(directory, 0o700);
}

/** Rejects with NOT_DEPLOYED when nothing stands there. */
export async function readState(directory: string): Promise<KeeperState> {
  try {
    return stateShape.parse(JSON.parse(await readFile(join(directory, 'state.json'), 'utf8')));
  } catch (cause) {
    throw new UsageError(
      'NOT_DEPLOYED',
      `${directory} has no deployment`,
      `Make one with \`busbench deploy --state ${directory}\`.`,
      { cause },
    );
  }
}

export async function writeState(directory: string, state: KeeperState): Promise<void> {
  await writeWhole(join(directory, 'state.json'), `${JSON.stringify(state, null, 2)}\n`);
}

/** What is left in the directory are results and logs, which belong to the user. */
export async function forgetState(directory: string): Promise<void> {
  await rm(join(directory, 'keeper.sock'), { force: true });
  await rm(join(directory, 'state.json'), { force: true });
}

/** What a deployment was made for, in few characters. */
export function deploymentKey(scenario: ResolvedScenario): string {
  return createHash('sha256').update(busKey(scenario)).digest('hex').slice(0, 16);
}

/** Throws BENCH_UNLIKE_DEPLOYMENT when a scenario needs something else than what stands. */
export function refuseUnlike(scenario: ResolvedScenario, key: string): void {
  if (deploymentKey(scenario) === key) return;
  throw new UsageError(
    'BENCH_UNLIKE_DEPLOYMENT',
    'this bench needs another deployment: sites, links, bus, guarantee, pattern, target, topics and reconnection must be as deployed',
    'Change only peers, load, phases, faults and expectations, or deploy anew into another state directory.',
  );
}
