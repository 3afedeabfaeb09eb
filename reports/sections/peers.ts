import { formatCount, formatPercent, formatUs, spread } from '../format.ts';
import type { PeerRecord } from '../record.ts';
import { type Cell, cell, type Section, type Table, textColumn, valueColumn } from './section.ts';

/** More sites than these are told together first, and then those of note before the others. */
const listedSites = 16;

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
  const rowOf = ([site, group]: readonly [string, readonly PeerRecord[]]): Cell[] => [
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
  ];
  const isMany = groups.size > listedSites;
  const listed = isMany ? byNote(role, groups) : [...groups];
  const rows = [...(isMany ? [rowOf(['all sites', peers])] : []), ...listed.map(rowOf)];
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
    siteColumns: [0],
    rows,
  };
}

/** Clients whose operations failed, then those that waited longest; servers that had most to do. */
function byNote(
  role: 'client' | 'server',
  groups: ReadonlyMap<string, readonly PeerRecord[]>,
): (readonly [string, readonly PeerRecord[]])[] {
  const weight = (peers: readonly PeerRecord[]): readonly [number, number] => {
    const failed = peers.reduce((sum, peer) => sum + (peer.failed ?? 0), 0);
    const handled = peers.reduce((sum, peer) => sum + (peer.delivered ?? 0), 0);
    const slowest = Math.max(0, ...peers.map(({ responseP50Us }) => responseP50Us ?? 0));
    return role === 'client' ? [failed, slowest] : [0, handled];
  };
  return [...groups]
    .map(([site, peers]) => ({ site, peers, weight: weight(peers) }))
    .sort((a, b) => b.weight[0] - a.weight[0] || b.weight[1] - a.weight[1])
    .map(({ site, peers }) => [site, peers] as const);
}

function failedCell(group: readonly PeerRecord[]): Cell {
  const failed = group.reduce((sum, peer) => sum + (peer.failed ?? 0), 0);
  const due = group.reduce((sum, peer) => sum + (peer.due ?? 0), 0);
  if (failed === 0) return cell('0');
  const hit = group.filter((peer) => (peer.failed ?? 0) > 0).length;
  return cell(`${formatPercent(failed / Math.max(1, due))} (${hit} hit)`, 'bad');
}
