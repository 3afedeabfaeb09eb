import { nearestRank } from '../ranks.ts';
import type { PeerRecord } from '../record.ts';
import { axisStyle, durationScale, fontSize, legendOf, shortDuration } from './axes.ts';
import { type Chart, ink } from './chart.ts';

/** How response times differ between the clients of each site; null when no client has a median. */
export function peerChart(peers: readonly PeerRecord[]): Chart | null {
  const clients = peers.filter(({ role }) => role === 'client');
  const known = clients.filter(({ responseP50Us }) => responseP50Us !== null);
  if (known.length === 0) return null;
  const sites = [...new Set(known.map(({ site }) => site))].reverse();
  const rows = [
    {
      name: 'p50 of each client',
      color: ink.series[2],
      pick: (peer: PeerRecord) => peer.responseP50Us,
    },
    {
      name: 'p99 of each client',
      color: ink.series[0],
      pick: (peer: PeerRecord) => peer.responseP99Us,
    },
  ].filter(({ pick }) => known.some((peer) => pick(peer) !== null));
  const scale = durationScale(
    rows.flatMap(({ pick }) => known.map(pick)).filter((us) => us !== null),
  );
  return {
    id: 'peers',
    title: 'Response time over clients',
    description: `Box plots over the clients of each site: lowest, quartiles, highest client. ${known.length} of ${clients.length} clients have a median.`,
    height: 90 + 52 * sites.length,
    option: (canvas) => ({
      legend: legendOf(
        rows.map(({ name }) => name),
        canvas,
      ),
      grid: { left: canvas.narrow ? 70 : 110, right: 28, top: 34, bottom: 34 },
      xAxis: {
        ...axisStyle,
        type: scale.logarithmic ? 'log' : 'value',
        min: scale.minUs,
        max: scale.maxUs,
        splitNumber: canvas.narrow ? 3 : 6,
        axisLabel: { ...axisStyle.axisLabel, formatter: shortDuration },
      },
      yAxis: {
        ...axisStyle,
        type: 'category',
        data: sites,
        splitLine: { show: false },
        axisLabel: { ...axisStyle.axisLabel, color: ink.text, fontSize, interval: 0 },
      },
      series: rows.map(({ name, color, pick }) => ({
        type: 'boxplot',
        name,
        silent: true,
        boxWidth: [8, 16],
        itemStyle: { color: 'transparent', borderColor: color, borderWidth: 1.8 },
        data: sites.map((site) => boxOf(known.filter((peer) => peer.site === site).map(pick))),
      })),
    }),
  };
}

/** Lowest, quartiles by nearest rank, highest. */
function boxOf(values: readonly (number | null)[]): number[] {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return [0, 0.25, 0.5, 0.75, 1].map((share) => nearestRank(sorted, share));
}
