import type { Chart } from '../charts/chart.ts';
import { figureHtml, htmlDocument } from '../renderers/html-page.ts';
import { escapeHtml, sectionHtml, tableHtml } from '../renderers/html-section.ts';
import type { Section } from '../sections/section.ts';
import { axesOf } from './axes.ts';
import { legendNotes, measureChart, multiplesChart } from './chart.ts';
import { type View, viewsOf } from './layout.ts';
import { measures } from './measures.ts';
import {
  glanceSection,
  measureTable,
  pointSection,
  searchSection,
  sweepHeadline,
} from './sections.ts';
import type { Sweep } from './sweep.ts';

/** More colours than a single run needs, and charts two by two. */
const style = `
:root { --series-5: #b8325e; --series-6: #5d7d12; --series-7: #0b8fb3; --series-8: #7a6a53; }
@media screen and (prefers-color-scheme: dark) {
  :root { --series-5: #ff86ab; --series-6: #b3d35e; --series-7: #62cdf0; --series-8: #cbb99c; }
}
main { max-width: 1140px; }
.numbers .tables { display: block; }
`;

/** The page of a sweep: self-contained but for the links to the reports of its points. */
export function sweepHtml(sweep: Sweep): string {
  const views = viewsOf(sweep);
  const search = searchSection(sweep);
  const points = pointSection(sweep);
  const glances = views.slice(0, 1).map((view) => glanceSection(sweep, view));
  const blocks = [
    ...[...glances, search]
      .filter((section) => section !== null)
      .map((section) => ({ ...section, html: sectionHtml(section, '') })),
    ...views.map((view, i) => viewBlock(sweep, view, i)),
    ...views.map((view, i) => numbersBlock(sweep, view, i)),
    { ...points, html: sectionHtml(points, '') },
  ];
  const links = blocks.map(({ id, title }) => `<li><a href="#${id}">${escapeHtml(title)}</a></li>`);
  return htmlDocument(
    sweep.name,
    [
      '<main>',
      header(sweep),
      `<nav aria-label="Sections"><ul>${links.join('')}</ul></nav>`,
      ...blocks.map(({ html }) => html),
      '<footer>Made by busbench from campaign.json, index.jsonl and the results of the points; the same numbers, and all others, are in points.csv.</footer>',
      '</main>',
    ],
    style,
  );
}

function header(sweep: Sweep): string {
  const { label, tone, outcome } = sweepHeadline(sweep);
  const axes = axesOf(sweep).map(
    ({ title, values }) => `${title}: ${values.map((value) => value.label).join(', ')}`,
  );
  const repetitions = Math.max(0, ...sweep.points.map(({ repetition }) => repetition));
  const subject = [
    `sweep over ${sweep.scenario}`,
    ...axes,
    `${repetitions} ${repetitions === 1 ? 'repetition' : 'repetitions'}`,
  ];
  return [
    `<header><h1>${escapeHtml(sweep.name)}</h1>`,
    `<p class="subject">${subject.map((item) => escapeHtml(item)).join('&nbsp;· ')}</p>`,
    `<p class="verdict ${tone}"><strong>${label}</strong> <span>${escapeHtml(outcome)}</span></p>`,
    '</header>',
  ].join('\n');
}

interface Block extends Pick<Section, 'id' | 'title'> {
  readonly html: string;
}

function viewBlock(sweep: Sweep, view: View, index: number): Block {
  const id = `view${index + 1}`;
  const title = view.x.title === '' ? 'Repetitions' : `Against ${view.x.title}`;
  const charts = [
    ...measures.map((measure) => measureChart(sweep, view, measure, `${id}-${measure.id}`)),
    multiplesChart(sweep, view, measures.slice(0, 2), `${id}-multiples`),
  ].filter((chart): chart is Chart => chart !== null);
  const notes = legendNotes(sweep, view).join(' ');
  const figures = charts.map((chart) => figureHtml(chart, ''));
  const body = figures.length === 0 ? '<p>Nothing was measured yet.</p>' : figures.join('\n');
  const html = `<section id="${id}"><h2>${escapeHtml(title)}</h2><p class="note">${escapeHtml(notes)}</p><div class="charts">${body}</div></section>`;
  return { id, title, html };
}

function numbersBlock(sweep: Sweep, view: View, index: number): Block {
  const id = `numbers${index + 1}`;
  const title = view.x.title === '' ? 'Numbers' : `Numbers by ${view.x.title}`;
  const tables = measures.flatMap((measure) => measureTable(sweep, view, measure) ?? []);
  const html = `<section id="${id}" class="numbers"><h2>${escapeHtml(title)}</h2><div class="tables">${tables.map(tableHtml).join('\n')}</div></section>`;
  return { id, title, html };
}
