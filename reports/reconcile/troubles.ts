import { type Bits, decodeBits, intersection, size } from '../../agents/bitmap.ts';
import type { ClientLedger } from '../../agents/protocol.ts';
import { addReason, type ReasonMap } from './reasons.ts';

/** What is said of failures that only the ledger knows, where the bus said nothing. */
export const ownWords = {
  timeout: 'delivered after its deadline',
  lost: 'delivered nowhere, and the bus said nothing',
  partial: 'delivered to some of its receivers only, and the bus said nothing',
  unknown: 'only an agent that died could tell',
  'no-receivers': 'nobody was there to receive it',
} as const;

/** What the bus said while messages of a client were under way, and which. */
export function troublesOf(ledger: ClientLedger): readonly { reason: string; sequences: Bits }[] {
  return (ledger.troubles ?? []).map(({ reason, sequences }) => {
    return { reason, sequences: decodeBits(sequences) };
  });
}

/** Counts failed sequences by what the bus said while they were under way. */
export function addTroubles(to: ReasonMap, outcome: 'lost', of: Bits, ledger: ClientLedger): void {
  let untold = size(of);
  for (const { reason, sequences } of troublesOf(ledger)) {
    const told = size(intersection(of, sequences));
    addReason(to, outcome, reason, told);
    untold -= told;
  }
  addReason(to, outcome, ownWords[outcome], untold);
}
