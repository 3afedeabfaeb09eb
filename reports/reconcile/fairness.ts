import type { PeerRow } from '../../agents/protocol.ts';
import type { Evidence } from '../evidence.ts';
import { groupBy, sum } from './parts.ts';

/**
 * Jain's index of shares: (Σx)² / (n Σx²), 1 when all are equal, 1/n when one has everything (R. Jain, D. Chiu,
 * W. Hawe, DEC-TR-301, 1984); null when all are 0.
 */
export function jainIndex(shares: readonly number[]): number | null {
  const squares = sum(shares, (share) => share ** 2);
  if (squares === 0) return null;
  return sum(shares, (share) => share) ** 2 / (shares.length * squares);
}

/**
 * Mean over the topics, each of equal weight, of Jain's index of the messages handled by each of the topic's
 * servers, idle ones included. Left out: topics nobody used, and servers whose process never reported, whose
 * share is not known. 0 when nothing was handled at all.
 */
export function fairnessOf(evidence: Evidence, rows: readonly PeerRow[]): number {
  const servers = rows.filter(({ role }) => role === 'server');
  const handled = new Map(servers.map((row) => [row.index, row.due]));
  const known = evidence.servers.filter(({ index }) => handled.has(index));
  const indices = [...groupBy(known, ({ topic }) => topic).values()].flatMap((topic) => {
    const index = jainIndex(topic.map((server) => handled.get(server.index) ?? 0));
    return index === null ? [] : [index];
  });
  return indices.length === 0 ? 0 : sum(indices, (index) => index) / indices.length;
}
