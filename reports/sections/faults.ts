import { formatCount, formatDurationMs } from '../format.ts';
import type { FaultGroupReport, FaultReport, RunResult, Times } from '../result.ts';
import { reasonTable } from './reasons.ts';
import {
  type Cell,
  cell,
  fact,
  type Section,
  type Table,
  textColumn,
  valueColumn,
} from './section.ts';

/**
 * What broke when, what failed meanwhile, and when all was well again; null for a run without faults. At most
 * `rows` single faults are listed where one entry of the scenario broke several things.
 */
export function faultSection(
  { faults, faultGroups }: RunResult,
  rows: number = Number.POSITIVE_INFINITY,
): Section | null {
  if (faults.length === 0) return null;
  const listed = faults.slice(0, rows);
  const hidden = faults.length - listed.length;
  const lost = faultGroups.reduce((sum, group) => sum + group.lost, 0);
  const duplicated = faultGroups.reduce((sum, group) => sum + group.duplicated, 0);
  const impact = (label: string, count: number) =>
    fact(label, formatCount(count), ...(count > 0 ? (['bad'] as const) : []));
  return {
    id: 'faults',
    title: 'Faults',
    facts: [impact('lost', lost), impact('delivered twice', duplicated)],
    tables: [
      costTable(faultGroups),
      ...whyTables(faultGroups),
      timesTable(faultGroups, faults),
      eachTable(listed),
    ],
    notes: [
      ...(hidden > 0 ? [`${hidden} more in result.json and report.html.`] : []),
      ...(faults.some(({ recoveredMs, felt }) => felt && recoveredMs === null)
        ? [
            '"not seen": the window ended, or another fault began, before three good seconds in a row.',
          ]
        : []),
      ...(faults.some(({ mended }) => !mended)
        ? [
            'What was not mended lasts to the end of the window; recovery from it counts from its start.',
          ]
        : []),
    ],
  };
}

/** What each entry of the scenario cost, by class of failure. */
function costTable(groups: readonly FaultGroupReport[]): Table {
  const classes = [...new Set(groups.flatMap(({ failed }) => Object.keys(failed)))].sort();
  const shown = classes.length > 1 ? classes : [];
  return {
    caption: 'What was due from its start until all was well again, or the next one began',
    columns: [
      textColumn('fault'),
      ...['from', 'to', 'failed', ...shown, 'lost', 'twice'].map(valueColumn),
    ],
    rows: groups.map((group, i) => [
      cell(nameOf(group, i, groups)),
      cell(formatDurationMs(group.startedAtMs)),
      cell(formatDurationMs(group.endedAtMs)),
      countCell(totalOf(group.failed)),
      ...shown.map((name) => cell(formatCount(group.failed[name] ?? 0))),
      countCell(group.lost),
      countCell(group.duplicated),
    ]),
  };
}

/** What was said of the failures of each entry, as far as clients know it by second. */
function whyTables(groups: readonly FaultGroupReport[]): readonly Table[] {
  return groups.flatMap((group, i) => {
    const caption = `Why it failed: ${nameOf(group, i, groups)}`;
    return reasonTable(group.reasons ?? {}, caption, 6) ?? [];
  });
}

/** How long each entry of the scenario was felt. */
function timesTable(groups: readonly FaultGroupReport[], faults: readonly FaultReport[]): Table {
  const isFelt = ({ entry }: FaultGroupReport): boolean =>
    faults.some((fault) => fault.entry === entry && isTold(fault));
  return {
    caption:
      'Mended: from breaking to healed or in service; recovered: after that. Median / longest',
    columns: [textColumn('fault'), ...['mended', 'reconnected', 'recovered'].map(valueColumn)],
    rows: groups.map((group, i) => [
      cell(nameOf(group, i, groups)),
      timesCell(group.mending),
      timesCell(group.reconnect),
      isFelt(group) ? recoveryCell(group) : cell('not felt', 'good'),
    ]),
  };
}

function recoveryCell({ recovery, count }: FaultGroupReport): Cell {
  return recovery === null ? cell('not seen', 'bad') : timesCell(recovery, count);
}

function nameOf(group: FaultGroupReport, at: number, all: readonly unknown[]): string {
  const { action, target, count } = group;
  const number = all.length > 1 ? `${at + 1}  ` : '';
  return `${number}${action} ${target}${count === 1 ? '' : ` (${count})`}`;
}

function eachTable(faults: readonly FaultReport[]): Table {
  return {
    caption: 'from, to: since the start of measuring; +: after its start, then after its end',
    columns: [
      textColumn('action'),
      textColumn('target'),
      ...['from', 'to', 'failed', 'first failure', 'first success', 'recovered'].map(valueColumn),
    ],
    rows: faults.map((fault) => [
      cell(fault.action),
      cell(fault.target),
      cell(formatDurationMs(fault.startedAtMs)),
      cell(formatDurationMs(fault.endedAtMs)),
      countCell(totalOf(fault.failedDuring)),
      cell(after(fault.firstFailureMs)),
      cell(after(fault.firstSuccessAfterMs)),
      recoveredCell(fault),
    ]),
  };
}

/** What recovered while the fault lasted says so, and when after its start. */
function recoveredCell(fault: FaultReport): Cell {
  const { recoveredDuringMs, recoveredMs } = fault;
  if (!isTold(fault)) return cell('not felt', 'good');
  if (recoveredDuringMs !== null) return cell(`during, ${after(recoveredDuringMs)}`, 'good');
  return recoveredMs === null ? cell('not seen', 'bad') : cell(after(recoveredMs));
}

function countCell(count: number): Cell {
  return cell(formatCount(count), ...(count > 0 ? (['bad'] as const) : []));
}

/** The one time, or median and longest of several; how many, where that is not `all`. */
function timesCell(times: Times | null, all?: number): Cell {
  if (times === null) return cell('-');
  const { count, p50Ms, maxMs } = times;
  const longest = formatDurationMs(maxMs);
  const text = count === 1 ? longest : `${formatDurationMs(p50Ms)} / ${longest}`;
  return cell(all === undefined || all === count ? text : `${text} (${count} of ${all})`);
}

function totalOf(failed: Readonly<Record<string, number>>): number {
  return Object.values(failed).reduce((sum, count) => sum + count, 0);
}

function after(delayMs: number | null): string {
  return delayMs === null ? '-' : `+${formatDurationMs(delayMs)}`;
}

/** Nothing has to fail for calls to have waited: what then took time to be well again is told, too. */
function isTold({ felt, recoveredMs }: FaultReport): boolean {
  return felt || (recoveredMs ?? 0) > 0;
}
