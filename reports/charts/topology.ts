import { formatCount } from '../format.ts';
import type { LinkReport, RunResult } from '../result.ts';
import { rttText } from '../sections/wan.ts';
import { type Chart, ink } from './chart.ts';

/** Above this many sites only the links outside tolerance keep their labels, else nobody could read any. */
const labelledSites = 6;

/** Of more, a circle is a ball of wool. */
const drawnSites = 24;

/** Sites on a circle, links with requested and measured round trips; null for a single site and for very many. */
export function topologyChart(result: RunResult): Chart | null {
  const { links } = result.wan;
  const sites = result.scenario.sites.map(({ name }) => name);
  if (sites.length < 2 || sites.length > drawnSites || links.length === 0) return null;
  const pairs = links.filter(({ from, to }) => sites.indexOf(from) < sites.indexOf(to));
  return {
    id: 'topology',
    title: 'Topology',
    description: describe(pairs, links, sites.length),
    caption:
      'Round trips between sites, requested → measured median; red lies outside the tolerance.',
    height: 430,
    narrowHeight: 380,
    option: ({ narrow }) => ({
      grid: { left: narrow ? 60 : 120, right: narrow ? 60 : 120, top: 56, bottom: 56 },
      xAxis: { type: 'value', min: -1, max: 1, show: false },
      yAxis: { type: 'value', min: -1, max: 1, show: false },
      series: [
        {
          type: 'graph',
          coordinateSystem: 'cartesian2d',
          silent: true,
          symbolSize: 22,
          itemStyle: { color: ink.series[0], borderColor: ink.paper, borderWidth: 3, opacity: 1 },
          data: sites.map((site, index) => nodeOf(result, site, angleOf(index, sites.length))),
          links: pairs.map((link) => edgeOf(link, links, sites.length)),
        },
      ],
    }),
  };
}

function describe(
  pairs: readonly LinkReport[],
  links: readonly LinkReport[],
  count: number,
): string {
  const told = pairs
    .slice(0, 15)
    .map((link) => `${link.from} to ${link.to} ${rttText(link, links)}`)
    .join('; ');
  const rest = pairs.length > 15 ? `; and ${pairs.length - 15} more` : '';
  return `${count} sites on a circle and their round trips, requested → measured median: ${told}${rest}.`;
}

/** Radians from the right, counter-clockwise: the first site on top, two sites side by side. */
function angleOf(index: number, count: number): number {
  return (count === 2 ? Math.PI : Math.PI / 2) - (2 * Math.PI * index) / count;
}

function nodeOf(result: RunResult, site: string, angle: number): object {
  const x = Math.cos(angle);
  const y = Math.sin(angle);
  return {
    name: site,
    value: [x, y],
    label: {
      show: true,
      position: y >= -0.01 ? 'top' : 'bottom',
      formatter: () => `${site}\n${tenantsOf(result, site)}`.trimEnd(),
      color: ink.text,
      fontSize: 12,
      lineHeight: 17,
      textBorderColor: ink.paper,
      textBorderWidth: 3,
    },
  };
}

function edgeOf(link: LinkReport, links: readonly LinkReport[], count: number): object {
  const outside = link.withinTolerance === false;
  const color = outside ? ink.bad : ink.dim;
  return {
    source: link.from,
    target: link.to,
    lineStyle: { color, width: outside ? 2.2 : 1.4, opacity: 0.9, curveness: 0 },
    label: {
      show: outside || count <= labelledSites,
      formatter: () => rttText(link, links),
      color: outside ? ink.bad : ink.text,
      fontSize: 12,
      rotate: 0,
      verticalAlign: 'middle',
      backgroundColor: ink.paper,
      padding: [3, 6],
      borderRadius: 4,
    },
  };
}

/** The bus nodes of a site, and how many operations its servers served. */
function tenantsOf({ bus, locality, scenario }: RunResult, site: string): string {
  const nodes = bus.nodes.filter((node) => node.site === site).map(({ name }) => name);
  const served = locality.matrix
    .filter(({ server }) => server === site)
    .reduce((sum, { count }) => sum + count, 0);
  const parts = [...nodes, ...(served > 0 ? [`${formatCount(served)} served`] : [])];
  return parts.length > 0 || scenario.sites.length > 8 ? parts.join(', ') : '';
}
