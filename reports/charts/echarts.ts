import {
  BarChart,
  BoxplotChart,
  CustomChart,
  GraphChart,
  LineChart,
  ScatterChart,
} from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  TitleComponent,
} from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

// What is not named here is not there: ECharts leaves it out of the drawing, and the build out of the package.
use([
  BarChart,
  BoxplotChart,
  CustomChart,
  GraphChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  TitleComponent,
  SVGRenderer,
]);

/** A drawing of ECharts, of which `scripts/bundle.mjs` puts into the package what is used, as one file. */
export interface Drawing {
  setOption(option: Readonly<Record<string, unknown>>): void;
  renderToSVGString(): string;
  dispose(): void;
}

/** Draws without a browser, px. */
export function openDrawing(width: number, height: number): Drawing {
  return init(null, null, { renderer: 'svg', ssr: true, width, height });
}
