import type { Renderer } from './renderer.ts';

/** The result as it stands in `result.json`; several results become an array. */
export const jsonRenderer: Renderer = {
  name: 'json',
  extension: 'json',
  render(records) {
    const [first, ...others] = records.map((record) => record.result);
    const document = others.length === 0 ? (first ?? []) : [first, ...others];
    return `${JSON.stringify(document, null, 2)}\n`;
  },
};
