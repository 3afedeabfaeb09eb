import { formatCount, formatPercent, formatUs } from '../format.ts';
import type { PeerRecord } from '../record.ts';
import { type Cell, cell, type Section, type Table, textColumn, valueColumn } from './section.ts';

/** How evenly the peers fared: lowest, median and highest peer of each role and site; null without peers. */
export function peerSection(peers: readonly PeerRecord[]): Section | null {
  if (peers.length === 0) return null;
  const tables = (['client', 'server'] as const).flatMap((role) => {
    const ofRole = peers.filter((peer) => peer.role === role);
    return ofRole.length === 0 ? [] : [spreadTable(role, ofRole)];
  });
  return { id: 'peers', title: 'Peers', facts: [], tables, notes: [] };
}

function spreadTable(role: 'client' | 'server', peers: readonly PeerRecord[]): Table {
  const groups = new Map<string, PeerRecord[]>();
  for (const peer of peers) {
    const group = groups.get(peer.site);
    if (group === undefined) groups.set(peer.site, [peer]);
    else group.push(peer);
  }
  const rows = [...groups].map(([site, group]): Cell[] => [
    cell(site),
    cell(formatCount(group.length)),
    cell(
      spread(
        group.map(({ completed, delivered }) => (role === 'client' ? completed : delivered)),
        formatCount,
      ),
    ),
    ...(role === 'client'
      ? [
          failedCell(group),
          cell(
            spread(
              group.map(({ responseP50Us }) => responseP50Us),
              formatUs,
            ),
          ),
          cell(
            spread(
              group.map(({ responseP99Us }) => responseP99Us),
              formatUs,
            ),
          ),
        ]
      : []),
  ]);
  return {
    caption:
      role === 'client'
        ? 'Clients by site: lowest / median / highest client'
        : 'Servers by site: lowest / median / highest server',
    columns: [
      textColumn('site'),
      valueColumn(`${role}s`),
      ...(role === 'client'
        ? ['completed', 'failed', 'response p50', 'response p99']
        : ['delivered']
      ).map(valueColumn),
    ],
    rows,
  };
}

function failedCell(group: readonly PeerRecord[]): Cell {
  const failed = group.reduce((sum, peer) => sum + (peer.failed ?? 0), 0);
  const due = group.reduce((sum, peer) => sum + (peer.due ?? 0), 0);
  if (failed === 0) return cell('0');
  const hit = group.filter((peer) => (peer.failed ?? 0) > 0).length;
  return cell(`${formatPercent(failed / Math.max(1, due))} (${hit} hit)`, 'bad');
}

function spread(values: readonly (number | null)[], format: (value: number) => string): string {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const [first] = known;
  const middle = known[Math.floor((known.length - 1) / 2)];
  const last = known.at(-1);
  if (first === undefined || middle === undefined || last === undefined) return '-';
  return first === last ? format(first) : [first, middle, last].map(format).join(' / ');
}
