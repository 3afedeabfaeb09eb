import { ResultInputError } from '../errors.ts';
import type { RunRecord } from '../record.ts';
import { ledgerLaw, peerLaw, populationLaw } from './books.ts';
import { distributionLaw } from './distributions.ts';
import { faultsLaw, verdictLaw, warningsLaw, workloadLaw } from './judgement.ts';
import type { Contradiction, Law } from './law.ts';
import { fanoutLaw, localityLaw, wanLaw } from './places.ts';
import { histogramsLaw, secondQuantilesLaw, secondsLaw } from './seconds.ts';

const laws: readonly Law[] = [
  ledgerLaw,
  peerLaw,
  populationLaw,
  distributionLaw,
  localityLaw,
  fanoutLaw,
  wanLaw,
  secondsLaw,
  secondQuantilesLaw,
  histogramsLaw,
  workloadLaw,
  faultsLaw,
  warningsLaw,
  verdictLaw,
];

/** Every number of a record that the others contradict; docs/measurement.md lists those that nothing can contradict. */
export function contradictionsOf(record: RunRecord): readonly Contradiction[] {
  return laws.flatMap((law) => [...law(record)]);
}

/** Throws RESULT_INCONSISTENT with every place, what is expected there, and what stands there. */
export function refuseContradictions(record: RunRecord, file: string): void {
  const found = contradictionsOf(record);
  if (found.length === 0) return;
  const lines = found.map(
    ({ where, expected, got }) => `${where}: expected ${expected}, got ${got}`,
  );
  const shown = lines.slice(0, 10).join('\n');
  throw new ResultInputError(
    'RESULT_INCONSISTENT',
    `${file} contradicts itself in ${found.length} ${found.length === 1 ? 'place' : 'places'}\n${shown}${lines.length > 10 ? '\n...' : ''}`,
    'It was edited, or its files are of several runs; fetch it again from where it was made, or measure again.',
  );
}
