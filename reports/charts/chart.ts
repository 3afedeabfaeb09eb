import { openDrawing } from './echarts.ts';

/** See the ECharts option reference; checked by looking at the drawing. */
type ChartOption = Readonly<Record<string, unknown>>;

/** Where a chart will stand: `narrow` is a phone's width, drawn anew so that its letters stay legible. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly narrow: boolean;
}

/** A picture of data, not yet drawn. One file of this folder makes one. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  /** What a reader who cannot see the picture should know of it; one or two sentences. */
  readonly description: string;
  /** What stands under the title for everybody; the description where this is absent. */
  readonly caption?: string;
  readonly height: number;
  /** Of the narrow drawing; default is `height`. */
  readonly narrowHeight?: number;
  /** Two of them stand side by side on a wide page. */
  readonly half?: boolean;
  option(canvas: Canvas): ChartOption;
}

/** Colours are CSS variables of the page, so that one drawing serves light, dark and print. */
export const ink = {
  text: 'var(--ink)',
  dim: 'var(--ink-dim)',
  line: 'var(--line)',
  paper: 'var(--paper)',
  good: 'var(--good)',
  bad: 'var(--bad)',
  warn: 'var(--warn)',
  series: ['var(--series-1)', 'var(--series-2)', 'var(--series-3)', 'var(--series-4)'],
} as const;

const widths = { wide: 960, half: 470, narrow: 380 } as const;

/** A chart as an SVG string that scales with its frame. No scripts, no styles, no ids of its own but the clips'. */
export function drawChart(chart: Chart, size: keyof typeof widths): string {
  const narrow = size === 'narrow';
  const height = narrow ? (chart.narrowHeight ?? chart.height) : chart.height;
  const canvas: Canvas = { width: widths[size], height, narrow };
  const drawing = openDrawing(canvas.width, height);
  try {
    drawing.setOption({
      animation: false,
      textStyle: { fontFamily: 'inherit', color: ink.text },
      ...chart.option(canvas),
    });
    return cleaned(drawing.renderToSVGString(), `${chart.id}-${size}`);
  } finally {
    drawing.dispose();
  }
}

/** Drops what only interactive pages need, and makes the clip ids unique to the page and the same in every run. */
function cleaned(svg: string, prefix: string): string {
  return (
    svg
      .replace(/<style ?>[\s\S]*?<\/style>/, '')
      .replace(/<svg width="\d+" height="\d+"/, '<svg aria-hidden="true" focusable="false"')
      .replaceAll(/ class="zr\d+-cls-\d+"/g, '')
      .replaceAll(/ ecmeta_[a-z_]+="[^"]*"/g, '')
      .replaceAll(' pointer-events="visible"', '')
      // Boxes that nobody sees, there to catch a mouse.
      .replaceAll(/<path [^>]*fill-opacity="0"[^>]*stroke-width="0"><\/path>/g, '')
      .replaceAll(/<path [^>]*fill="none"><\/path>/g, '')
      .replaceAll(/\bzr\d+-c(\d+)/g, `${prefix}-c$1`)
      .replaceAll('\n', '')
  );
}
