import { formatCount, formatUs } from '../format.ts';
import type { RunResult } from '../result.ts';
import { axisStyle, fontSize } from './axes.ts';
import { type Canvas, type Chart, ink } from './chart.ts';

/** Fewer sites than this are read more easily as a table of numbers. */
const leastSites = 9;
/** Shades of a map, from the least to the most. */
const shades = 6;
const margin = { left: 8, top: 34, bottom: 8 };

interface Pair {
  readonly from: string;
  readonly to: string;
  readonly value: number;
}

/** Of many sites, one square a pair: who was served where, how long it took, and how far they are apart; none for few. */
export function pairCharts({ scenario, locality }: RunResult): readonly Chart[] {
  const { matrix } = locality;
  const served = matrix.filter(({ count }) => count > 0);
  const timed = matrix.flatMap(({ client, server, p50Us }) =>
    p50Us === null ? [] : [{ from: client, to: server, value: p50Us }],
  );
  const sites = scenario.sites.map(({ name }) => name);
  return [
    ...mapOf({
      id: 'pairs',
      title: 'Operations by pair of sites',
      sides: "Clients' sites downwards, servers' sites to the right",
      sites,
      pairs: served.map(({ client, server, count }) => ({
        from: client,
        to: server,
        value: count,
      })),
      format: formatCount,
    }),
    ...mapOf({
      id: 'medians',
      title: 'Median service time by pair of sites',
      sides: "Clients' sites downwards, servers' sites to the right",
      sites,
      pairs: timed,
      format: formatUs,
    }),
  ];
}

/** Of many sites, one square a direction: the round trips that were measured; none for few. */
export function roundTripChart({ scenario, wan }: RunResult): readonly Chart[] {
  return mapOf({
    id: 'rtts',
    title: 'Measured round trips by pair of sites',
    sides: 'From downwards, to rightwards',
    sites: scenario.sites.map(({ name }) => name),
    pairs: wan.links.map(({ from, to, measured }) => ({
      from,
      to,
      value: 1e3 * measured.rttP50Ms,
    })),
    format: formatUs,
  });
}

interface MapOfPairs {
  readonly id: string;
  readonly title: string;
  /** What stands downwards and to the right. */
  readonly sides: string;
  readonly sites: readonly string[];
  readonly pairs: readonly Pair[];
  readonly format: (value: number) => string;
}

function mapOf(map: MapOfPairs): readonly Chart[] {
  if (map.sites.length < leastSites || map.pairs.length === 0) return [];
  return [chartOf(map, shadesOf(map))];
}

interface Square {
  readonly row: number;
  readonly column: number;
}

/** The squares of one shade, and what it stands for. */
interface Shade {
  readonly label: string;
  readonly squares: readonly Square[];
}

/** Deals the pairs over shades of equal size, so that one extreme pair does not leave all others pale. */
function shadesOf({ sites, pairs, format }: MapOfPairs): readonly Shade[] {
  const position = new Map(sites.map((site, i) => [site, i]));
  const sorted = [...pairs].sort((a, b) => a.value - b.value);
  const borders = Array.from({ length: shades + 1 }, (_, i) => {
    const at = Math.min(sorted.length - 1, Math.floor((i * sorted.length) / shades));
    return sorted[at]?.value ?? 0;
  });
  const distinct = [...new Set(borders)];
  // All alike: one shade says it.
  const steps = distinct.length === 1 ? [...distinct, Number.POSITIVE_INFINITY] : distinct;
  return steps.slice(0, -1).flatMap((from, i): Shade[] => {
    const isLast = i === steps.length - 2;
    const to = steps[i + 1] ?? Number.POSITIVE_INFINITY;
    const mine = sorted.filter(({ value }) => value >= from && (isLast || value < to));
    const most = mine.at(-1)?.value ?? from;
    const squares = mine.map((pair) => {
      return { row: position.get(pair.from) ?? 0, column: position.get(pair.to) ?? 0 };
    });
    return squares.length === 0 ? [] : [{ label: `≤ ${format(most)}`, squares }];
  });
}

function chartOf({ id, title, sides, sites, pairs }: MapOfPairs, map: readonly Shade[]): Chart {
  const range = `${map[0]?.label ?? '-'} (palest) to ${map.at(-1)?.label ?? '-'} (darkest)`;
  return {
    id,
    title,
    description: `A map of ${sites.length} by ${sites.length} sites, in the order of the scenario, with ${formatCount(pairs.length)} pairs shaded from ${range}.`,
    caption: `${sides}, in the order of the scenario; the darker, the more.`,
    height: 490,
    narrowHeight: 420,
    half: true,
    option: (canvas) => optionOf(map, sites, canvas),
  };
}

function optionOf(
  map: readonly Shade[],
  sites: readonly string[],
  canvas: Canvas,
): Record<string, unknown> {
  const rows = Math.ceil(map.length / (canvas.narrow ? 2 : 3));
  const top = margin.top + 18 * rows;
  const labels = canvas.narrow ? 62 : 74;
  const side = Math.min(canvas.width - labels - margin.left, canvas.height - top - margin.bottom);
  const axis = {
    ...axisStyle,
    type: 'category',
    data: [...sites],
    splitLine: { show: false },
    axisLabel: { ...axisStyle.axisLabel, width: labels - 8, overflow: 'truncate' },
  };
  return {
    grid: { left: labels, top, width: side, height: side },
    xAxis: { ...axis, position: 'top', axisLabel: { ...axis.axisLabel, rotate: 0, width: 60 } },
    yAxis: { ...axis, inverse: true },
    legend: {
      data: map.map(({ label }) => label),
      top: 0,
      left: 0,
      textStyle: { color: ink.text, fontSize: canvas.narrow ? 11 : fontSize },
      itemWidth: 12,
      itemHeight: 12,
      itemGap: 12,
    },
    series: map.map((shade, i) => seriesOf(shade, i, map.length, sites.length, side)),
  };
}

/** All squares of a shade as one path: a shape for each of ten thousand would make the page heavy. */
function seriesOf(
  { label, squares }: Shade,
  index: number,
  count: number,
  sites: number,
  side: number,
): object {
  const cell = side / sites;
  const gap = cell > 6 ? 1 : 0;
  const size = (cell - gap).toFixed(2);
  const opacity = 0.14 + (0.86 * (index + 1)) / count;
  return {
    type: 'custom',
    name: label,
    silent: true,
    color: ink.series[0],
    itemStyle: { color: ink.series[0], opacity },
    data: [[0, 0]],
    clip: false,
    renderItem: (params: { coordSys: { x: number; y: number } }) => {
      const { x, y } = params.coordSys;
      const path = squares.map(({ row, column }) => {
        const [left, top] = [(x + column * cell).toFixed(2), (y + row * cell).toFixed(2)];
        return `M${left} ${top}h${size}v${size}h-${size}z`;
      });
      const shape = { pathData: path.join('') };
      return { type: 'path', shape, style: { fill: ink.series[0], opacity } };
    },
  };
}
