import { formatCount, formatPercent, formatRatio, formatUs, spread } from '../format.ts';
import type { RunResult } from '../result.ts';
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

const listedPairs = 12;

/** More sites than these are told by their spread and the worst. */
const listedSites = 16;

type Locality = RunResult['locality'];
type Excess = Locality['excess'][number];

/**
 * Who was served where: ratios, the matrix of client site by server site, and excess over the network's own RTT.
 * Above `matrixSites` sites the matrix would not fit, and the `listed` busiest pairs are listed instead.
 */
export function localitySection(
  result: RunResult,
  matrixSites: number,
  listed: number = listedPairs,
): Section {
  const { locality } = result;
  const sites = result.scenario.sites.map(({ name }) => name);
  const tables: Table[] = [];
  if (locality.matrix.length > 0) {
    tables.push(
      sites.length <= matrixSites ? matrixTable(locality, sites) : pairTable(locality, listed),
    );
  }
  if (locality.excess.some(({ p50Us }) => p50Us !== null))
    tables.push(excessTable(locality, listed));
  return {
    id: 'locality',
    title: 'Locality',
    facts: factsOf(locality),
    tables,
    notes: notesOf(locality),
  };
}

function factsOf(locality: Locality): Fact[] {
  const facts = [fact('local ratio', formatRatio(locality.localRatio))];
  if (locality.localRatioMin !== null && locality.localRatioMax !== null) {
    const { localRatioMin, localRatioMax } = locality;
    facts.push(fact('by site', `${formatRatio(localRatioMin)} to ${formatRatio(localRatioMax)}`));
  }
  if (locality.expectedBlind !== null) {
    facts.push(fact('random choice', formatRatio(locality.expectedBlind)));
  }
  facts.push(fact('fairness', formatRatio(locality.fairness)));
  if (locality.detoured !== null) facts.push(fact('detoured', formatRatio(locality.detoured)));
  return facts;
}

function matrixTable({ matrix }: Locality, sites: readonly string[]): Table {
  const rows = sites.map((client): Cell[] => {
    const ofClient = matrix.filter((pair) => pair.client === client);
    const total = ofClient.reduce((sum, { count }) => sum + count, 0);
    const cells = sites.map((server): Cell => {
      const found = ofClient.find((pair) => pair.server === server);
      if (found === undefined || found.count === 0) return cell('-', 'dim');
      return {
        text: `${formatCount(found.count)} · ${formatUs(found.p50Us)}`,
        heat: found.count / total,
      };
    });
    return [cell(client), ...cells];
  });
  return {
    caption: 'Operations and median service time, client site by server site',
    columns: [textColumn('from \\ at'), ...sites.map(valueColumn)],
    rows,
  };
}

function pairTable({ matrix }: Locality, listed: number): Table {
  const total = matrix.reduce((sum, { count }) => sum + count, 0);
  const busiest = [...matrix].sort((a, b) => b.count - a.count);
  const rest = busiest.slice(listed).reduce((sum, { count }) => sum + count, 0);
  const rows = busiest
    .slice(0, listed)
    .map((pair): Cell[] => [
      cell(pair.client),
      cell(pair.server),
      cell(formatCount(pair.count)),
      { text: formatPercent(pair.count / total), heat: pair.count / total },
      cell(formatUs(pair.p50Us)),
      cell(formatUs(pair.p99Us)),
    ]);
  if (busiest.length > listed) {
    rows.push([
      cell(`${busiest.length - listed} more`, 'dim'),
      cell(''),
      cell(formatCount(rest), 'dim'),
      cell(formatPercent(rest / total), 'dim'),
      cell(''),
      cell(''),
    ]);
  }
  return {
    caption: 'Busiest pairs of sites, service time',
    siteColumns: [0, 1],
    columns: [
      textColumn('clients at'),
      textColumn('served at'),
      ...['count', 'share', 'p50', 'p99'].map(valueColumn),
    ],
    rows,
  };
}

/** Of many sites, the worst, and what lies between. */
function excessTable({ excess }: Locality, listed: number): Table {
  const caption = 'Excess: transit time beyond the idle round trip to the nearest server';
  const columns = [textColumn('clients at'), valueColumn('p50'), valueColumn('p99')];
  const rowOf = ({ site, p50Us, p99Us }: Excess): Cell[] => [
    cell(site),
    cell(formatUs(p50Us)),
    cell(formatUs(p99Us)),
  ];
  if (excess.length <= listedSites) return { caption, columns, rows: excess.map(rowOf) };
  const worst = excess.toSorted((a, b) => (b.p50Us ?? 0) - (a.p50Us ?? 0)).slice(0, listed);
  const p50s = excess.map(({ p50Us }) => p50Us);
  const p99s = excess.map(({ p99Us }) => p99Us);
  const all = [cell('all sites'), cell(spread(p50s, formatUs)), cell(spread(p99s, formatUs))];
  return {
    caption: `${caption}; lowest / median / highest site, and the ${worst.length} highest of ${excess.length}`,
    columns,
    siteColumns: [0],
    rows: [all, ...worst.map(rowOf)],
  };
}

function notesOf({ localRatio, matrix }: Locality): string[] {
  if (localRatio !== null || matrix.length === 0) return [];
  return [
    'No local ratio: every message goes to every receiver, or no caller had a server nearby.',
  ];
}
