import { formatDurationMs, formatQuantile, formatUs, quantiles } from '../format.ts';
import type { Dist, RunResult } from '../result.ts';
import { type Cell, cell, type Section, type Table, textColumn, valueColumn } from './section.ts';

type Latency = RunResult['latencyUs'];
type NamedDist = readonly [title: string, dist: Dist | null];

const shown = quantiles.filter(({ key }) => key !== 'p75' && key !== 'p9999');

/** Response and service time side by side with their own and the bus's share, then the legs that are known. */
export function latencySection(result: RunResult): Section {
  const latency = result.latencyUs;
  const times = distTable('response: from due to done; service: from sent to done', [
    ['response', latency.response],
    ['service', latency.service],
    ['agent delay', latency.agentDelay],
    ['bus delay', latency.busDelay],
  ]);
  const legs = legsOf(latency).filter(([, dist]) => dist !== null);
  const tables = legs.length > 0 ? [times, distTable('Where the time went', legs)] : [times];
  return {
    id: 'latency',
    title: 'Latency',
    facts: [],
    tables,
    notes: notesOf(result, tables),
  };
}

function legsOf(latency: Latency): NamedDist[] {
  return [
    ['request leg', latency.requestLeg],
    ['hold', latency.hold],
    ['reply leg', latency.replyLeg],
    ['accepted', latency.accepted],
    ['reconnect', latency.reconnect],
  ];
}

/** One row a quantile, one column a distribution. */
export function distTable(caption: string, dists: readonly NamedDist[]): Table {
  const known = dists.filter((entry): entry is readonly [string, Dist] => entry[1] !== null);
  const rows: Cell[][] = shown.map((quantile) => [
    cell(quantile.label),
    ...known.map(([, dist]) => quantileCell(formatQuantile(dist, quantile))),
  ]);
  rows.push([cell('mean', 'dim'), ...known.map(([, dist]) => cell(formatUs(dist.mean), 'dim'))]);
  rows.push([
    cell('stddev', 'dim'),
    ...known.map(([, dist]) => cell(formatUs(dist.stddev), 'dim')),
  ]);
  return {
    caption,
    columns: [textColumn(''), ...known.map(([title]) => valueColumn(title))],
    rows,
  };
}

function quantileCell(text: string): Cell {
  if (text === '> timeout') return cell(text, 'bad');
  return text === '-' ? cell(text, 'dim') : cell(text);
}

function notesOf(result: RunResult, tables: readonly Table[]): string[] {
  const { latencyUs, outcome, scenario } = result;
  const texts = new Set(tables.flatMap((table) => table.rows.flat().map(({ text }) => text)));
  const notes: string[] = [];
  if (outcome.failedTotal > 0) {
    const beyond = texts.has('> timeout')
      ? `; "> timeout" falls among them (timeout ${formatDurationMs(scenario.workload.timeoutMs)})`
      : '';
    notes.push(
      `Failed operations rank as infinitely slow${beyond}. Mean and stddev are of the completed ones.`,
    );
  }
  if (texts.has('-')) notes.push('"-": not known; a quantile needs 10 samples beyond it.');
  if (latencyUs.requestLeg !== null && latencyUs.clockUncertaintyUs > 0) {
    const { clockUncertaintyUs, clockBoundUs } = latencyUs;
    notes.push(
      `Legs cross two clocks, known to ${formatUs(clockUncertaintyUs)} (at the very most ${formatUs(clockBoundUs)} off).`,
    );
  }
  if (latencyUs.negativeSamples > 0) {
    notes.push(
      `${latencyUs.negativeSamples} leg samples came out negative (clock error); they rank lowest.`,
    );
  }
  return notes;
}
