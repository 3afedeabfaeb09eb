import { type Chart, drawChart } from '../charts/chart.ts';
import { escapeHtml } from './html-section.ts';
import { pageStyle } from './html-style.ts';

/** A whole page around its body. It needs nothing from anywhere; `style` adds to what all pages have. */
export function htmlDocument(title: string, body: readonly string[], style = ''): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="generator" content="busbench">',
    `<title>${escapeHtml(title)} - busbench</title>`,
    `<style>${pageStyle}${style}</style>`,
    '</head>',
    '<body>',
    ...body,
    '</body>',
    '</html>\n',
  ].join('\n');
}

/** Drawn twice: scaled to a phone, the letters of the wide drawing would be too small to read. */
export function figureHtml(chart: Chart, prefix: string): string {
  const label = escapeHtml(chart.description);
  const caption = escapeHtml(chart.caption ?? chart.description);
  const own = { ...chart, id: `${prefix}${chart.id}` };
  const [size, half] =
    chart.half === true ? (['half', ' class="half"'] as const) : (['wide', ''] as const);
  return (
    `<figure${half}><figcaption>${escapeHtml(chart.title)}<span aria-hidden="true">${caption}</span></figcaption>` +
    `<div role="img" aria-label="${label}"><div class="wide">${drawChart(own, size)}</div>` +
    `<div class="narrow">${drawChart(own, 'narrow')}</div></div></figure>`
  );
}
