import type { MemoryEndpoint } from '../../agents/drivers/memory/endpoint.ts';

/** A memory bus that loses, repeats and delays nothing. */
export const faultless: MemoryEndpoint = {
  choice: 'round-robin',
  capacity: 100_000,
  delayUs: 0,
  lossPercent: 0,
  duplicatePercent: 0,
  reorderPercent: 0,
  replyLossPercent: 0,
};
