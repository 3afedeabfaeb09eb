import { intervalFamilies } from './openmetrics-intervals.ts';
import { outcomeFamilies } from './openmetrics-outcome.ts';
import { placeFamilies } from './openmetrics-places.ts';
import { type Family, writeOpenMetrics } from './openmetrics-text.ts';
import type { Renderer } from './renderer.ts';

/**
 * OpenMetrics text with timestamps, as `promtool tsdb create-blocks-from openmetrics` takes it: what belongs to
 * the whole run is stamped with its end, intervals with the start of the run plus their second.
 */
export const openmetricsRenderer: Renderer = {
  name: 'openmetrics',
  extension: 'openmetrics',
  render(records) {
    const makers = [...outcomeFamilies, ...placeFamilies, ...intervalFamilies];
    return writeOpenMetrics(makers.map((make) => joined(records.map(make))));
  },
};

/** One family over all records: a family must not be interleaved with another. */
function joined(families: readonly Family[]): Family {
  const [first, ...others] = families;
  if (first === undefined) return { name: 'busbench', type: 'gauge', help: '', samples: [] };
  return { ...first, samples: [first, ...others].flatMap(({ samples }) => samples) };
}
