import { join } from 'node:path';
import { writeWhole } from '../write.ts';
import { campaignMarkdown } from './markdown.ts';
import { pointsCsv } from './points-csv.ts';
import { readCampaign } from './read.ts';
import type { Campaign } from './sweep.ts';

/** Makes every report of a campaign from the files of its directory. Throws ResultError, ResultInputError. */
export async function writeCampaign(directory: string): Promise<Campaign> {
  const campaign = await readCampaign(directory);
  await writeWhole(join(directory, 'points.csv'), pointsCsv(campaign));
  await writeWhole(join(directory, 'report.md'), campaignMarkdown(campaign));
  // The chart library is loaded only by those who draw.
  const { campaignHtml } = await import('./html.ts');
  await writeWhole(join(directory, 'report.html'), campaignHtml(campaign));
  return campaign;
}
