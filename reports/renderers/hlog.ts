import { writeIntervalLog } from '../reconcile/interval-log.ts';
import { measuringSince } from '../reconcile/workload.ts';
import type { Renderer } from './renderer.ts';

/** HdrHistogram interval log. Of several results, each brings its own base time: later lines count from it. */
export const hlogRenderer: Renderer = {
  name: 'hlog',
  extension: 'hlog',
  render(records) {
    return records
      .map(({ result, histograms }) =>
        writeIntervalLog(result.name, measuringSince(result), histograms),
      )
      .join('');
  },
};
