import { plain, tableLines } from '../renderers/markdown.ts';
import type { Section, Table } from '../sections/section.ts';
import { viewsOf } from './layout.ts';
import { measures } from './measures.ts';
import {
  glanceSection,
  measureTable,
  pointSection,
  searchSection,
  sweepHeadline,
} from './sections.ts';
import type { Sweep } from './sweep.ts';

/** Measures shown unfolded; all others are in points.csv and on the page. */
const shown: readonly string[] = ['p50', 'p99', 'rate', 'failed', 'localRatio'];

/** A sweep for a pull request or a notebook: medians in view, every point folded away. */
export function sweepMarkdown(sweep: Sweep): string {
  const { label, outcome } = sweepHeadline(sweep);
  const search = searchSection(sweep);
  const views = viewsOf(sweep);
  const glance = views[0] ? glanceSection(sweep, views[0]) : null;
  const tables = views.flatMap((view) =>
    measures
      .filter(({ id }) => shown.includes(id))
      .flatMap((measure) => {
        const table = measureTable(sweep, view, measure);
        return table === null
          ? []
          : [{ ...table, caption: `${table.caption}, by ${view.x.title || 'repetition'}` }];
      }),
  );
  return `${[
    `### ${plain(sweep.name)}: ${label}`,
    '',
    `**${plain(outcome)}**`,
    ...(glance ? ['', ...sectionLines(glance)] : []),
    ...(search === null ? [] : ['', ...sectionLines(search)]),
    ...tables.flatMap((table) => ['', ...captioned(table)]),
    '',
    '<details>',
    '<summary>Points</summary>',
    '',
    ...pointSection(sweep).tables.flatMap(captioned),
    '',
    '</details>',
  ].join('\n')}\n`;
}

function sectionLines({ title, tables, notes }: Section): readonly string[] {
  return [
    `#### ${title}`,
    '',
    ...tables.flatMap(captioned),
    ...notes.map((note) => `\n<sub>${plain(note)}</sub>`),
  ];
}

function captioned(table: Table): readonly string[] {
  return [`${plain(table.caption)}:`, '', ...tableLines(table)];
}
