import type { RunRecord } from '../record.ts';
import { shortSections } from '../sections/all.ts';
import { headline } from '../sections/headline.ts';
import { expectationsOf, type Judgement, warningsOf } from '../sections/judgement.ts';
import type { Section, Table } from '../sections/section.ts';
import type { Renderer, RenderOptions } from './renderer.ts';

/** Fits a pull-request comment: what matters in view, the rest folded away. */
export const markdownRenderer: Renderer = {
  name: 'markdown',
  extension: 'md',
  render(records, options = {}) {
    return `${records.map((record) => reportOf(record, options).join('\n')).join('\n\n---\n\n')}\n`;
  },
};

const symbols = { good: '✅', warn: '⚠️', bad: '❌', dim: '' } as const;

/** Sections that a reviewer looks for first; the others are folded. */
const unfolded = new Set(['latency', 'fanout', 'faults']);

function reportOf({ result }: RunRecord, { directory }: RenderOptions): string[] {
  const { label, tone, outcome, interruption, subject } = headline(result);
  const lines = [
    `### ${symbols[tone]} ${plain(result.name)}: ${label}`,
    '',
    `**${plain(outcome)}**`,
    '',
    ...interruption.flatMap((sentence) => [`> ${plain(sentence)}`, '>']).slice(0, -1),
    ...(interruption.length > 0 ? [''] : []),
    subject.map(plain).join(' · '),
  ];
  lines.push(...judgementLines(warningsOf(result.verdict)));
  lines.push(...judgementLines(expectationsOf(result.verdict)));
  for (const section of shortSections(result)) lines.push('', ...sectionLines(section));
  if (directory !== undefined) lines.push('', `Result: \`${directory}\``);
  return lines;
}

function judgementLines(judgements: readonly Judgement[]): string[] {
  if (judgements.length === 0) return [];
  return [
    '',
    ...judgements.map(({ mark, tone, text, advice }) => {
      const line = `- ${symbols[tone]} ${mark}: ${plain(text)}`;
      return advice === '' ? line : `${line} *${plain(advice)}*`;
    }),
  ];
}

function sectionLines(section: Section): string[] {
  const facts = section.facts.map(({ label, value }) => `${label} **${plain(value)}**`);
  const body: string[] = [];
  if (facts.length > 0) body.push(facts.join(' · '), '');
  for (const table of section.tables) {
    body.push(`${plain(table.caption)}:`, '', ...tableLines(table), '');
  }
  for (const note of section.notes) body.push(`<sub>${plain(note)}</sub>`, '');
  while (body.at(-1) === '') body.pop();
  return unfolded.has(section.id)
    ? [`#### ${section.title}`, '', ...body]
    : ['<details>', `<summary>${section.title}</summary>`, '', ...body, '', '</details>'];
}

/** A table as GitHub draws it. */
export function tableLines({ columns, rows }: Table): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ title }) => plain(title))),
    line(columns.map(({ kind }) => (kind === 'value' ? '---:' : '---'))),
    ...rows.map((row) => line(row.map(({ text }) => plain(text)))),
  ];
}

/** Names and messages come from outside: nothing in them may become markup, a mention or a new line. */
export function plain(text: string): string {
  return text
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_[\]|~]/g, '\\$&')
    .replaceAll('@', '@\u200b');
}
