import { formatBytes, formatCount, formatDurationMs, formatMs, formatRatio } from '../format.ts';
import { requestedRttMs } from '../reconcile/wan.ts';
import type { LinkReport, RunResult } from '../result.ts';
import {
  type Cell,
  cell,
  type Fact,
  fact,
  type Section,
  type Table,
  textColumn,
  valueColumn,
} from './section.ts';

/** Above this many sites the RTT matrix gives way to a list of the links that deviate most. */
const matrixSites = 5;
const listedLinks = 12;

/** Requested against measured round trips, bytes between sites, and what the fabric cannot imitate. */
export function wanSection(result: RunResult): Section {
  const { wan } = result;
  const sites = result.scenario.sites.map(({ name }) => name);
  const facts: Fact[] = [];
  if (wan.interSiteBytes !== null) {
    facts.push(fact('between sites', formatBytes(wan.interSiteBytes)));
  }
  if (wan.totalBytes !== null) facts.push(fact('in all', formatBytes(wan.totalBytes)));
  if (wan.interSiteRatio !== null) {
    facts.push(fact('inter-site ratio', formatRatio(wan.interSiteRatio)));
  }
  const tables: Table[] = [];
  if (wan.links.length > 0) {
    tables.push(sites.length <= matrixSites ? rttMatrix(wan.links, sites) : rttList(wan.links));
  }
  if (result.scenario.bus.type === 'none') tables.push(measuredTable(wan.links));
  return { id: 'wan', title: 'Network', facts, tables, notes: notesOf(wan) };
}

/** `20 → 20.2 ms`: requested and measured round trip, the unit once where both have the same. */
export function rttText(link: LinkReport, links: readonly LinkReport[]): string {
  const requested = formatDurationMs(requestedRttMs(link, links));
  const measured = formatMs(link.measured.rttP50Ms);
  const [number, unit] = requested.split(' ');
  return `${measured.endsWith(` ${unit}`) ? number : requested} → ${measured}`;
}

function rttMatrix(links: readonly LinkReport[], sites: readonly string[]): Table {
  const rows = sites.map((from): Cell[] => [
    cell(from),
    ...sites.map((to) => {
      const link = links.find((candidate) => candidate.from === from && candidate.to === to);
      return link === undefined ? cell('-', 'dim') : rttCell(link, links);
    }),
  ]);
  return {
    caption: 'Round trip, requested → measured median',
    columns: [textColumn('from \\ to'), ...sites.map(valueColumn)],
    rows,
  };
}

function rttCell(link: LinkReport, links: readonly LinkReport[]): Cell {
  const text = rttText(link, links);
  return link.withinTolerance === false ? cell(`${text} !`, 'bad') : cell(text);
}

function rttList(links: readonly LinkReport[]): Table {
  const deviation = (link: LinkReport): number =>
    Math.abs(link.measured.rttP50Ms - requestedRttMs(link, links));
  const worst = [...links].sort((a, b) => deviation(b) - deviation(a)).slice(0, listedLinks);
  return {
    caption: `Round trips that deviate most, ${worst.length} of ${links.length} directions`,
    columns: [
      textColumn('from'),
      textColumn('to'),
      ...['requested', 'measured p50', 'p99'].map(valueColumn),
      textColumn('tolerance'),
    ],
    rows: worst.map((link) => [
      cell(link.from),
      cell(link.to),
      cell(formatDurationMs(requestedRttMs(link, links))),
      cell(formatMs(link.measured.rttP50Ms)),
      cell(formatMs(link.measured.rttP99Ms)),
      toleranceCell(link.withinTolerance),
    ]),
  };
}

/** What was measured of every direction, where the links are all that a run is about. */
function measuredTable(links: readonly LinkReport[]): Table {
  return {
    caption: 'Directions, idle round trip before and after, the worse of both',
    columns: [
      textColumn('from'),
      textColumn('to'),
      ...['requested', 'min', 'p50', 'p99', 'loss', 'measured'].map(valueColumn),
      textColumn('tolerance'),
    ],
    rows: links.map((link) => [
      cell(link.from),
      cell(link.to),
      cell(formatDurationMs(requestedRttMs(link, links))),
      ...[link.measured.rttMinMs, link.measured.rttP50Ms, link.measured.rttP99Ms].map((ms) =>
        cell(formatMs(ms)),
      ),
      cell(`${link.requested.lossPercent} %`),
      cell(lossText(link.measured.lossPercent)),
      toleranceCell(link.withinTolerance),
    ]),
  };
}

function lossText(percent: number | null): string {
  return percent === null ? '-' : `${Number(percent.toFixed(2))} %`;
}

function toleranceCell(within: boolean | null): Cell {
  if (within === null) return cell('not judged', 'dim');
  return within ? cell('within', 'good') : cell('outside', 'bad');
}

/** Every direction with all that was requested and measured of it: the long form, for pages that have room. */
export function linkTable({ wan }: RunResult): Table {
  const hasPackets = wan.traffic.some(({ packets }) => packets !== null);
  return {
    siteColumns: [0, 1],
    caption:
      'Links, one row a direction: requested shape, measured idle round trip, traffic from the start of measuring to the end of the drain',
    columns: [
      textColumn('from'),
      textColumn('to'),
      ...['delay', 'jitter', 'loss', 'rate', 'RTT min', 'RTT p50', 'RTT p99'].map(valueColumn),
      valueColumn('measured loss'),
      valueColumn('bytes'),
      ...(hasPackets ? [valueColumn('packets')] : []),
      textColumn('tolerance'),
    ],
    rows: wan.links.map((link) => {
      const { requested, measured, from, to } = link;
      const traffic = wan.traffic.find((pair) => pair.from === from && pair.to === to);
      return [
        cell(from),
        cell(to),
        cell(formatDurationMs(requested.delayMs)),
        cell(formatDurationMs(requested.jitterMs)),
        cell(`${requested.lossPercent} %`),
        cell(requested.rateMbps === null ? 'unlimited' : `${requested.rateMbps} Mbit/s`),
        cell(formatMs(measured.rttMinMs)),
        cell(formatMs(measured.rttP50Ms)),
        cell(formatMs(measured.rttP99Ms)),
        cell(lossText(measured.lossPercent)),
        cell(traffic === undefined ? '-' : formatBytes(traffic.bytes)),
        ...(hasPackets ? [cell(formatCount(traffic?.packets ?? 0))] : []),
        toleranceCell(link.withinTolerance),
      ];
    }),
  };
}

function notesOf(wan: RunResult['wan']): string[] {
  const notes = [...wan.limits];
  if (wan.interSiteRatio === null && wan.interSiteRatioReason !== null) {
    notes.unshift(`No inter-site ratio: ${wan.interSiteRatioReason}`);
  }
  if (wan.links.some(({ withinTolerance }) => withinTolerance === false)) {
    notes.unshift('"!": outside the tolerance of max(5 %, 1 ms).');
  }
  return notes;
}
