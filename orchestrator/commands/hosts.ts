import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { lacksOf } from '../deployment.ts';
import { UsageError } from '../errors.ts';
import { type Visit, visitMachines } from '../fabrics/machines/visit.ts';
import { interruptible } from '../processes/interrupts.ts';
import { loadScenario } from '../read/scenario.ts';
import { printNotes } from './streams.ts';

/** One line of `busbench check`: what was looked at, what was found, and what would help after a "no". */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
  readonly hint: string | null;
}

/** As people read it. */
export function formatFinding({ what, ok, found, hint }: Finding): string {
  const line = `${ok ? 'yes' : 'no '}  ${what.padEnd(18)} ${found}\n`;
  return hint === null ? line : `${line}     ${' '.repeat(18)} -> ${hint}\n`;
}

/** `busbench check --hosts`: each machine of a scenario, and what it lacks to run it. */
export async function examineHosts(file: string): Promise<readonly Finding[]> {
  const scenario = await onMachines(file);
  using interrupts = interruptible();
  const visits = await visitMachines(
    scenario.sites,
    async ({ host, facts, logs }) => {
      const { node, kernel, arch, cores } = facts;
      const text = `${host.address}, node ${node}, ${kernel} ${arch}, ${cores} cores`;
      return { text, lacks: await lacksOf(scenario, [host], logs) };
    },
    interrupts.stop,
  );
  return visits.flatMap((visit): Finding[] => {
    const { outcome } = visit;
    if ('failure' in outcome) return [failed(visit)];
    const { text, lacks } = outcome.seen;
    const what = nameOf(visit);
    return [
      { what, ok: true, found: text, hint: null },
      ...lacks.map(({ missing, hint }) => ({
        what: `${what} bus`,
        ok: false,
        found: missing,
        hint,
      })),
    ];
  });
}

/** `busbench destroy --hosts`: what dead runs left on the machines of a scenario, now removed. Runs that live stay. */
export async function clearHosts(file: string): Promise<readonly Finding[]> {
  const { sites } = await onMachines(file);
  using interrupts = interruptible();
  // A far end removes what the dead have left before it does anything else.
  const look = async ({ facts }: { facts: { cleared: readonly string[] } }) => facts.cleared;
  const visits = await visitMachines(sites, look, interrupts.stop);
  return visits.map((visit) => {
    const { outcome } = visit;
    if ('failure' in outcome) return failed(visit);
    const { seen } = outcome;
    const found = seen.length === 0 ? 'nothing' : `leftovers of ${seen.join(', ')}: removed`;
    return { what: nameOf(visit), ok: true, found, hint: null };
  });
}

async function onMachines(file: string): Promise<ResolvedScenario> {
  const { scenario, notes } = await loadScenario(file, []);
  printNotes(notes);
  if (scenario.fabric === 'machines') return scenario;
  throw new UsageError(
    'HOSTS_NOT_NAMED',
    `${file}: expected fabric: machines, whose sites name hosts; got fabric: ${scenario.fabric}`,
    'See docs/machines.md.',
  );
}

function nameOf({ place }: Visit<unknown>): string {
  return `${place.name} (${place.machine.ssh})`;
}

function failed(visit: Visit<unknown>): Finding {
  if (!('failure' in visit.outcome)) throw new TypeError('it did not fail');
  const { message, hint } = visit.outcome.failure;
  return { what: nameOf(visit), ok: false, found: message, hint };
}
