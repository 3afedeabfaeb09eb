import { formatBytes, formatNumber, formatPercent, formatUs } from '../format.ts';
import { plain, tableLines } from '../renderers/markdown.ts';
import { layOut } from '../renderers/text-table.ts';
import { cell, type Table, type Tone, textColumn, valueColumn } from '../sections/section.ts';
import { parsePath } from '../verdict/paths.ts';
import type { Comparison, Row } from './compare.ts';

/** What a terminal shows. */
export function comparisonText(comparison: Comparison): string {
  const { warnings } = comparison;
  return [
    ...layOut(tableOf(comparison), (text) => text),
    '',
    ...changeLines(comparison),
    ...warnings.map((warning) => `warning: ${warning}`),
    explanation(comparison),
    '',
  ].join('\n');
}

/** Fits a pull-request comment: what changed for better or worse in view. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { rows, warnings, invalid } = comparison;
  const worseThanAllowed = rows.filter(({ limit }) => limit?.exceeded);
  const worse = rows.filter(({ finding }) => finding === 'worse');
  const better = rows.filter(({ finding }) => finding === 'better');
  const headline = invalid
    ? '⚠️ invalid results, not to be trusted'
    : worseThanAllowed.length > 0
      ? `❌ ${worseThanAllowed.map(({ path }) => path).join(', ')} got worse by more than allowed`
      : worse.length + better.length === 0
        ? '✅ no difference seen'
        : `${worse.length} worse, ${better.length} better`;
  return [
    `### busbench compare: ${plain(headline)}`,
    '',
    ...tableLines(tableOf(comparison)),
    '',
    ...changeLines(comparison).map((line) => `- ${plain(line)}`),
    ...warnings.map((warning) => `- ⚠️ ${plain(warning)}`),
    '',
    `<sub>${plain(explanation(comparison))}</sub>`,
    '',
  ].join('\n');
}

/** One JSON document; infinite values, which JSON lacks, are the text "beyond timeout". */
export function comparisonJson(comparison: Comparison): string {
  const replacer = (_: string, value: unknown): unknown => {
    if (typeof value !== 'number' || Number.isFinite(value)) return value;
    return Number.isNaN(value) ? null : `${value < 0 ? '-' : ''}beyond timeout`;
  };
  return `${JSON.stringify({ schema: 'busbench/comparison/1', ...comparison }, replacer, 2)}\n`;
}

function tableOf({ rows }: Comparison): Table {
  return {
    caption: 'Candidate against baseline, medians over repetitions',
    columns: [
      textColumn('path'),
      valueColumn('baseline'),
      valueColumn('candidate'),
      valueColumn('difference'),
      valueColumn('95 % interval'),
      valueColumn('ratio'),
      textColumn('finding'),
    ],
    rows: rows.map((row) => {
      const format = formatterOf(row.path);
      const [low, high] = row.interval?.difference ?? [];
      return [
        cell(row.path),
        cell(format(row.baseline.median)),
        cell(format(row.candidate.median)),
        cell(signed(row.difference, format)),
        cell(
          low === undefined || high === undefined
            ? '-'
            : `${signed(low, format)} to ${signed(high, format)}`,
        ),
        cell(Number.isFinite(row.ratio) ? row.ratio.toFixed(3) : '-'),
        cell(findingText(row), tones[row.finding]),
      ];
    }),
  };
}

const tones: Readonly<Record<Row['finding'], Tone>> = {
  better: 'good',
  worse: 'bad',
  'no difference seen': 'dim',
  'too few repetitions': 'dim',
};

function findingText({ finding, limit }: Row): string {
  if (limit === null) return finding;
  const allowed = formatPercent(limit.share);
  return limit.exceeded ? `${finding}: more than ${allowed}` : `${finding}, within ${allowed}`;
}

function signed(value: number, format: (value: number) => string): string {
  if (value === 0) return '0';
  return `${value > 0 ? '+' : '-'}${format(Math.abs(value))}`;
}

function formatterOf(path: string): (value: number) => string {
  const parsed = parsePath(path);
  const unit = parsed.kind === 'path' ? parsed.path.unit : null;
  const finite = ((): ((value: number) => string) => {
    switch (unit) {
      case 'Us':
        return formatUs;
      case 'Ms':
        return (value) => formatUs(value * 1e3);
      case 'Bytes':
        return (value) => formatBytes(Math.round(value));
      case 'PerSecond':
        return (value) => `${formatNumber(value)}/s`;
      case 'Ratio':
        return (value) => value.toFixed(3);
      default:
        return formatNumber;
    }
  })();
  return (value) => (Number.isFinite(value) ? finite(value) : '> timeout');
}

const maxChanges = 12;

function changeLines({ changes }: Comparison): readonly string[] {
  if (changes.length === 0) return ['the scenarios are equal'];
  const more = changes.length - maxChanges;
  return [
    ...changes
      .slice(0, maxChanges)
      .map(({ path, baseline, candidate }) => `changed: ${path} from ${baseline} to ${candidate}`),
    ...(more > 0 ? [`and ${more} more changes of the scenario`] : []),
  ];
}

function explanation({ baseline, candidate, rows }: Comparison): string {
  const counts = `${baseline.length} against ${candidate.length} repetitions`;
  return rows.some(({ interval }) => interval !== null)
    ? `${counts}; bootstrap over repetitions, 95 %: an interval that holds 0 is no difference seen.`
    : `${counts}: no intervals below 3 a side, so nothing is known of how certain a difference is.`;
}
