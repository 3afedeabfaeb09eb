import type { FormatName } from '../renderers/renderer.ts';
import { sweepMarkdown } from './markdown.ts';
import { pointsCsv } from './points-csv.ts';
import type { Sweep } from './sweep.ts';

/** The formats that a sweep has, by name; the chart library is loaded only by those who draw. */
export const sweepReports: Readonly<
  Partial<Record<FormatName, (sweep: Sweep) => string | Promise<string>>>
> = {
  text: sweepMarkdown,
  markdown: sweepMarkdown,
  csv: pointsCsv,
  html: async (sweep) => (await import('./html.ts')).sweepHtml(sweep),
};
