import { formatCount, formatMs } from '../format.ts';
import type { LinkReport, RunResult } from '../result.ts';
import { requestedRttMs } from '../sections/wan.ts';
import { type Chart, ink } from './chart.ts';

/** Above this many sites only the links outside tolerance keep their labels, else nobody could read any. */
const labelledSites = 6;

/** Sites on a circle, links with requested and measured round trips; null for a single site. */
export function topologyChart(result: RunResult): Chart | null {
  const { links } = result.wan;
  const sites = result.scenario.sites.map(({ name }) => name);
  if (sites.length < 2 || links.length === 0) return null;
  const pairs = links.filter(({ from, to }) => sites.indexOf(from) < sites.indexOf(to));
  return {
    id: 'topology',
    title: 'Topology',
    description: `${sites.length} sites and their round trips, requested → measured median. ${pairs.map((link) => `${link.from} to ${link.to}: ${rttText(link, links)}`).join('; ')}.`,
    height: 420,
    narrowHeight: 380,
    option: ({ width, height, narrow }) => ({
      series: [
        {
          type: 'graph',
          layout: 'none',
          silent: true,
          left: narrow ? 70 : 120,
          right: narrow ? 70 : 120,
          top: 40,
          bottom: 60,
          symbolSize: 26,
          itemStyle: { color: ink.series[0], borderColor: ink.paper, borderWidth: 3 },
          label: {
            show: true,
            position: 'bottom',
            color: ink.text,
            fontSize: narrow ? 12 : 13,
            lineHeight: 17,
            textBorderColor: ink.paper,
            textBorderWidth: 3,
          },
          data: sites.map((site, index) => ({
            name: site,
            ...placeOf(index, sites.length, width / height),
            label: { formatter: () => `${site}\n${tenantsOf(result, site)}` },
          })),
          links: pairs.map((link) => edgeOf(link, links, sites.length)),
        },
      ],
    }),
  };
}

/** On an ellipse of the canvas's shape, the first site on top. */
function placeOf(index: number, count: number, aspect: number): { x: number; y: number } {
  const angle = (2 * Math.PI * index) / count - Math.PI / 2 + (count === 2 ? Math.PI / 2 : 0);
  return { x: Math.cos(angle) * aspect, y: Math.sin(angle) };
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
      textBorderColor: ink.paper,
      textBorderWidth: 4,
    },
  };
}

function rttText(link: LinkReport, links: readonly LinkReport[]): string {
  return `${formatMs(requestedRttMs(link, links))} → ${formatMs(link.measured.rttP50Ms)}`;
}

/** What lives at a site, as far as the processes that were sampled there tell. */
function tenantsOf({ bus, locality, scenario }: RunResult, site: string): string {
  const nodes = bus.nodes.filter((node) => node.site === site).map(({ name }) => name);
  const served = locality.matrix
    .filter(({ server }) => server === site)
    .reduce((sum, { count }) => sum + count, 0);
  const parts = [...nodes, ...(served > 0 ? [`${formatCount(served)} served`] : [])];
  return parts.length > 0 || scenario.sites.length > 8 ? parts.join(', ') : '';
}
