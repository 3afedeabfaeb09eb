import type { RunResult } from '../result.ts';
import { busSummary } from './bus.ts';
import { fanoutSection } from './fanout.ts';
import { faultSection } from './faults.ts';
import { latencySection } from './latency.ts';
import { ledgerSection } from './ledger.ts';
import { localitySection } from './locality.ts';
import { resourceSection } from './resources.ts';
import type { Section } from './section.ts';
import { wanSection } from './wan.ts';

/** What every short report tells, in order; a run that measured nothing has no latencies to tell. */
export function shortSections(result: RunResult): Section[] {
  const measured = result.outcome.due > 0;
  const sections = [
    measured ? latencySection(result) : null,
    fanoutSection(result),
    measured ? localitySection(result, 5) : null,
    wanSection(result),
    measured ? ledgerSection(result) : null,
    busSummary(result),
    faultSection(result, 12),
    resourceSection(result, 8),
  ];
  return sections.filter((section) => section !== null);
}
