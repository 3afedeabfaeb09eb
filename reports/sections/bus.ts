import { formatCount, formatDurationMs, formatNumber } from '../format.ts';
import type { RunResult } from '../result.ts';
import {
  type Cell,
  cell,
  fact,
  type Section,
  type Table,
  textColumn,
  valueColumn,
} from './section.ts';

/** The nodes of the system under test, their versions and their own counters. */
export function busSection({ bus }: RunResult): Section {
  const declared = Object.entries(bus.declared ?? {}).map(([name, what]) => fact(name, what));
  const details = Object.entries(bus.details).map(([name, value]) =>
    fact(name, name.endsWith('Ms') ? formatDurationMs(value) : formatNumber(value)),
  );
  return {
    id: 'bus',
    title: 'Bus',
    facts: [
      fact('type', bus.type),
      fact('ready after', formatDurationMs(bus.readyMs)),
      ...declared,
      ...details,
    ],
    tables: bus.nodes.length === 0 ? [] : [nodeTable(bus)],
    notes:
      bus.nodes.length === 0
        ? ['No bus process of its own: the peers talk to each other.']
        : Object.entries(bus.unknown ?? {}).map(([name, reason]) => `${name}: ${reason}`),
  };
}

/** The same without the nodes' counters; null where no node stands between the peers. */
export function busSummary(result: RunResult): Section | null {
  if (result.bus.nodes.length === 0) return null;
  return { ...busSection(result), tables: [], notes: [] };
}

/** Counters are rows and nodes columns, as there are few nodes and many counters. */
function nodeTable({ nodes }: RunResult['bus']): Table {
  const names = [...new Set(nodes.flatMap(({ counters }) => Object.keys(counters)))].sort();
  const row = (title: string, cells: readonly string[]): Cell[] => [
    cell(title),
    ...cells.map((text) => cell(text)),
  ];
  return {
    caption: 'Nodes and their own counters',
    columns: [textColumn(''), ...nodes.map(({ name }) => valueColumn(name))],
    rows: [
      row(
        'site',
        nodes.map(({ site }) => site),
      ),
      row(
        'version',
        nodes.map(({ version }) => version),
      ),
      ...names.map((name) =>
        row(
          name,
          nodes.map(({ counters }) => {
            const value = counters[name];
            if (value === undefined || value === null) return '-';
            return Number.isInteger(value) ? formatCount(value) : formatNumber(value);
          }),
        ),
      ),
    ],
  };
}
