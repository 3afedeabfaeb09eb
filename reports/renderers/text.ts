import { styleText } from 'node:util';
import type { RunRecord } from '../record.ts';
import { shortSections } from '../sections/all.ts';
import { headline } from '../sections/headline.ts';
import { expectationsOf, type Judgement, warningsOf } from '../sections/judgement.ts';
import type { Section, Tone } from '../sections/section.ts';
import type { Renderer } from './renderer.ts';
import { layOut } from './text-table.ts';

/** What a terminal shows after a run: aligned, 100 columns at most, meaningful without colour. */
export const textRenderer: Renderer = {
  name: 'text',
  extension: 'txt',
  render(records, options = {}) {
    const page: Page = {
      columns: Math.max(80, Math.min(options.columns ?? 100, 120)),
      paint: options.color === true ? paintTone : (text) => text,
      ...(options.directory === undefined ? {} : { directory: options.directory }),
    };
    const reports = records.map((record) => reportOf(record, page).join('\n'));
    return `${reports.join(`\n\n${'-'.repeat(page.columns)}\n\n`)}\n`;
  },
};

interface Page {
  readonly columns: number;
  readonly paint: (text: string, tone: Tone | 'title' | undefined) => string;
  readonly directory?: string;
}

function reportOf({ result }: RunRecord, page: Page): string[] {
  const lines = [...headLines(result, page)];
  lines.push(...judgementLines('Warnings', warningsOf(result.verdict), page));
  lines.push(...judgementLines('Expectations', expectationsOf(result.verdict), page));
  for (const section of shortSections(result)) lines.push('', ...sectionLines(section, page));
  if (page.directory !== undefined) {
    lines.push('', `${page.paint('Result', 'title')}  ${page.directory}`);
  }
  return lines;
}

function headLines(result: RunRecord['result'], page: Page): string[] {
  const { label, tone, outcome, interruption, subject } = headline(result);
  const [first = '', ...more] = wrap(outcome, page.columns, label.length + 2);
  const lines = [`${page.paint(label, tone)}${first.slice(label.length)}`, ...more];
  for (const sentence of interruption) {
    lines.push(...wrap(sentence, page.columns, 2).map((line) => page.paint(line, tone)));
  }
  const [name, ...rest] = join(
    [`${result.name}: ${subject[0]}`, ...subject.slice(1)],
    page.columns,
    0,
  );
  lines.push(name ?? '', ...rest);
  return lines;
}

function judgementLines(title: string, judgements: readonly Judgement[], page: Page): string[] {
  if (judgements.length === 0) return [];
  const lines = ['', page.paint(title, 'title')];
  const indent = Math.max(...judgements.map(({ mark }) => mark.length)) + 4;
  for (const { mark, tone, text, advice } of judgements) {
    const [first = '', ...more] = wrap(text, page.columns, indent);
    lines.push(`  ${page.paint(mark, tone)}${first.slice(2 + mark.length)}`, ...more);
    if (advice !== '') lines.push(...wrap(advice, page.columns, indent));
  }
  return lines;
}

function sectionLines(section: Section, page: Page): string[] {
  const lines: string[] = [];
  const facts = section.facts.map(({ label, value }) => `${label} ${value}`);
  const indent = section.title.length + 2;
  const [first = '', ...more] = join(facts, page.columns, indent);
  const head = `${section.title}${first.slice(section.title.length)}`.trimEnd();
  lines.push(page.paint(section.title, 'title') + head.slice(section.title.length), ...more);
  for (const [index, table] of section.tables.entries()) {
    if (index > 0) lines.push('');
    lines.push(page.paint(`  ${table.caption}`, 'dim'));
    lines.push(...layOut(table, page.paint, page.columns - 2).map((line) => `  ${line}`));
  }
  for (const note of section.notes) {
    lines.push(...wrap(note, page.columns, 2).map((line) => page.paint(line, 'dim')));
  }
  return lines;
}

/** Words of a sentence in lines of at most `columns`, each indented. */
function wrap(sentence: string, columns: number, indent: number): string[] {
  return fill(sentence.split(/\s+/), ' ', columns, indent);
}

/** Items separated by dots in lines of at most `columns`, each indented. */
function join(items: readonly string[], columns: number, indent: number): string[] {
  return fill(items, ' · ', columns, indent);
}

function fill(
  items: readonly string[],
  separator: string,
  columns: number,
  indent: number,
): string[] {
  const lines: string[] = [];
  let line = '';
  for (const item of items) {
    const longer = line === '' ? item : `${line}${separator}${item}`;
    if (line !== '' && indent + longer.length > columns) {
      lines.push(' '.repeat(indent) + line);
      line = item;
    } else line = longer;
  }
  if (line !== '') lines.push(' '.repeat(indent) + line);
  return lines;
}

const styles = {
  good: 'green',
  bad: 'red',
  warn: 'yellow',
  dim: 'dim',
  title: 'bold',
} as const;

function paintTone(text: string, tone: Tone | 'title' | undefined): string {
  // Whether stdout shows colours was the caller's to find out.
  return tone === undefined || text === ''
    ? text
    : styleText(styles[tone], text, { validateStream: false });
}
