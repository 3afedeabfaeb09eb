import { destroyDeployment, destroyStale } from '../keeper/client.ts';
import { readState } from '../keeper/state.ts';
import { clearHosts, formatFinding } from './hosts.ts';
import { toAbsolute } from './keeper-flags.ts';
import { print } from './streams.ts';

export interface DestroyFlags {
  readonly state: string;
  readonly stale?: true;
  readonly hosts?: string;
}

/** `busbench destroy`: removes what stands, whatever became of its keeper. */
export async function destroyCommand(flags: DestroyFlags): Promise<void> {
  if (flags.hosts !== undefined) {
    const findings = await clearHosts(flags.hosts);
    print(findings.map(formatFinding).join(''));
    if (findings.some(({ ok }) => !ok)) process.exitCode = 3;
    return;
  }
  if (flags.stale) {
    say(await destroyStale());
    return;
  }
  const directory = toAbsolute(flags.state);
  say(await destroyDeployment(directory, await readState(directory)));
  print(`results and logs are in ${directory}\n`);
}

function say(found: readonly string[]): void {
  const lines = found.length === 0 ? ['nothing'] : found;
  print(lines.map((line) => `found ${line}\n`).join(''));
}
