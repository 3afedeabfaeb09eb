import { Attendant } from '../orchestrator/hosts/attendant.ts';
import type { Calls } from '../orchestrator/hosts/calls.ts';
import type { Host } from '../orchestrator/hosts/host.ts';
import type { ResourceStack } from '../orchestrator/processes/resource-stack.ts';

/** A program that a bench asks something of; it ends with `resources`. */
export async function attend<C extends Calls<C>>(
  resources: ResourceStack,
  host: Host,
  program: string,
  logFile: string,
  ...nodeFlags: readonly string[]
): Promise<Attendant<C>> {
  const spec = { program, nodeFlags, logFile, answerMs: 120_000 };
  const failed = ({ how }: { readonly how: string }): Error => new Error(`${program}: ${how}`);
  return resources.use(await Attendant.start<C>(host, { ...spec, failed }));
}
