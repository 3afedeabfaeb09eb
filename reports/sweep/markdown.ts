import { plain, tableLines } from '../renderers/markdown.ts';
import type { Section, Table } from '../sections/section.ts';
import { viewsOf } from './layout.ts';
import { measures } from './measures.ts';
import {
  campaignHeadline,
  glanceSection,
  measureTable,
  pointSection,
  searchSection,
} from './sections.ts';
import type { Campaign } from './sweep.ts';

/** Measures shown unfolded; all others are in points.csv and on the page. */
const shown: readonly string[] = ['p50', 'p99', 'rate', 'failed', 'localRatio'];

/** A campaign for a pull request or a notebook: medians in view, every point folded away. */
export function campaignMarkdown(campaign: Campaign): string {
  const { label, outcome } = campaignHeadline(campaign);
  const search = searchSection(campaign);
  const views = viewsOf(campaign);
  const glance = views[0] ? glanceSection(campaign, views[0]) : null;
  const tables = views.flatMap((view) =>
    measures
      .filter(({ id }) => shown.includes(id))
      .flatMap((measure) => {
        const table = measureTable(campaign, view, measure);
        return table === null
          ? []
          : [{ ...table, caption: `${table.caption}, by ${view.x.title || 'repetition'}` }];
      }),
  );
  return `${[
    `### ${plain(campaign.name)}: ${label}`,
    '',
    `**${plain(outcome)}**`,
    ...(glance ? ['', ...sectionLines(glance)] : []),
    ...(search === null ? [] : ['', ...sectionLines(search)]),
    ...tables.flatMap((table) => ['', ...captioned(table)]),
    '',
    '<details>',
    '<summary>Points</summary>',
    '',
    ...pointSection(campaign).tables.flatMap(captioned),
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
