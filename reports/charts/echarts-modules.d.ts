/**
 * The modules of ECharts that we draw with. Their own types want the DOM, which no other part of busbench has, so
 * `paths` in tsconfig.json points here.
 */
export const BarChart: unknown;
export const BoxplotChart: unknown;
export const CustomChart: unknown;
export const GraphChart: unknown;
export const LineChart: unknown;
export const ScatterChart: unknown;
export const GridComponent: unknown;
export const LegendComponent: unknown;
export const MarkAreaComponent: unknown;
export const TitleComponent: unknown;
export const SVGRenderer: unknown;
export function use(parts: readonly unknown[]): void;
export function init(
  element: null,
  theme: null,
  options: { renderer: 'svg'; ssr: true; width: number; height: number },
): import('./echarts.ts').Drawing;
