import type { FormatName } from '../renderers/renderer.ts';
import { campaignMarkdown } from './markdown.ts';
import { pointsCsv } from './points-csv.ts';
import type { Campaign } from './sweep.ts';

/** The formats that a campaign has, by name; the chart library is loaded only by those who draw. */
export const campaignReports: Readonly<
  Partial<Record<FormatName, (campaign: Campaign) => string | Promise<string>>>
> = {
  text: campaignMarkdown,
  markdown: campaignMarkdown,
  csv: pointsCsv,
  html: async (campaign) => (await import('./html.ts')).campaignHtml(campaign),
};
