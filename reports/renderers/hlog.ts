import { writeIntervalLog } from '../interval-log.ts';
import type { Renderer } from './renderer.ts';

/** HdrHistogram interval log. Of several results, each brings its own base time: later lines count from it. */
export const hlogRenderer: Renderer = {
  name: 'hlog',
  extension: 'hlog',
  render(records) {
    return records
      .map(({ result, histograms }) => writeIntervalLog(result.name, result.startedAt, histograms))
      .join('');
  },
};
