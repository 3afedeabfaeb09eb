import type { FormatName, Renderer } from './renderer.ts';

/** Every report format by name; loaded when first asked for, as charts and histograms take a while to load. */
export const renderers: Readonly<Record<FormatName, () => Promise<Renderer>>> = {
  text: async () => (await import('./text.ts')).textRenderer,
  markdown: async () => (await import('./markdown.ts')).markdownRenderer,
  csv: async () => (await import('./csv.ts')).csvRenderer,
  json: async () => (await import('./json.ts')).jsonRenderer,
  html: async () => (await import('./html.ts')).htmlRenderer,
  hlog: async () => (await import('./hlog.ts')).hlogRenderer,
  openmetrics: async () => (await import('./openmetrics.ts')).openmetricsRenderer,
  junit: async () => (await import('./junit.ts')).junitRenderer,
  influx: async () => (await import('./influx.ts')).influxRenderer,
};

/** Every report format. */
export const formatNames: readonly FormatName[] = Object.keys(renderers).filter(isFormat);

export function isFormat(name: string): name is FormatName {
  return Object.hasOwn(renderers, name);
}
