import type { Dist } from './result.ts';

/** Quantile fields of a Dist with the share of operations at or below each. */
export const quantiles: readonly {
  readonly key: 'p50' | 'p75' | 'p90' | 'p95' | 'p99' | 'p999' | 'p9999' | 'max';
  readonly label: string;
  readonly share: number;
}[] = [
  { key: 'p50', label: 'p50', share: 0.5 },
  { key: 'p75', label: 'p75', share: 0.75 },
  { key: 'p90', label: 'p90', share: 0.9 },
  { key: 'p95', label: 'p95', share: 0.95 },
  { key: 'p99', label: 'p99', share: 0.99 },
  { key: 'p999', label: 'p99.9', share: 0.999 },
  { key: 'p9999', label: 'p99.99', share: 0.9999 },
  { key: 'max', label: 'max', share: 1 },
];

/** What a null quantile stands for: a rank among failures, or too few samples to tell. */
export type QuantileState = 'known' | 'failed' | 'unknown';

/** Failures rank as infinite, so a null quantile whose rank lies above the completed ones is beyond the timeout. */
export function quantileState(
  dist: Dist,
  quantile: { readonly key: keyof Dist; readonly share: number },
): QuantileState {
  if (dist[quantile.key] !== null) return 'known';
  const ranked = dist.count + dist.failed;
  return dist.failed > 0 && Math.ceil(quantile.share * ranked) > dist.count ? 'failed' : 'unknown';
}

/** A quantile as reports print it: `60.5 ms`, `> timeout`, or `-`. */
export function formatQuantile(
  dist: Dist,
  quantile: { readonly key: keyof Dist; readonly share: number },
): string {
  const value = dist[quantile.key];
  if (typeof value === 'number') return formatUs(value);
  return quantileState(dist, quantile) === 'failed' ? '> timeout' : '-';
}

/** Three significant digits of a fraction, every digit of a whole number, no exponent: 0.0123, 4.56, 78.9, 1,234. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1000 || Number.isInteger(value)) return formatCount(value);
  const decimals = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(magnitude))));
  return value.toFixed(decimals);
}

/** Thousands separated by commas. */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** Microseconds in the unit that reads best; `-` when not known. */
export function formatUs(valueUs: number | null): string {
  if (valueUs === null) return '-';
  const magnitude = Math.abs(valueUs);
  if (magnitude === 0) return '0 µs';
  if (magnitude < 999.5) {
    // Histograms hold whole microseconds; only small means say more.
    const whole = magnitude >= 10 || Number.isInteger(valueUs);
    return `${whole ? valueUs.toFixed(0) : trimTo(valueUs, 2)} µs`;
  }
  if (magnitude < 999_500) return `${trimTo(valueUs / 1000, 3)} ms`;
  if (magnitude < 599_500_000) return `${trimTo(valueUs / 1_000_000, 3)} s`;
  return `${trimTo(valueUs / 60_000_000, 3)} min`;
}

export function formatMs(valueMs: number | null): string {
  return valueMs === null ? '-' : formatUs(valueMs * 1000);
}

/** A configured duration, without padding zeros: `5 s`, `1.5 s`, `250 ms`. */
export function formatDurationMs(valueMs: number): string {
  if (valueMs === 0) return '0 ms';
  if (valueMs < 1) return `${Number((valueMs * 1000).toPrecision(3))} µs`;
  if (valueMs < 1000) return `${Number(valueMs.toPrecision(3))} ms`;
  if (valueMs < 600_000) return `${Number((valueMs / 1000).toPrecision(4))} s`;
  return `${Number((valueMs / 60_000).toPrecision(4))} min`;
}

export function formatRate(perSecond: number): string {
  const rounded =
    perSecond >= 1000
      ? formatCount(perSecond)
      : String(Number(perSecond.toFixed(perSecond < 10 ? 2 : 1)));
  return `${rounded}/s`;
}

/** Decimal units, as network people count: 1 kB is 1000 B. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 9999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  if (unit === 0) return `${formatCount(value)} B`;
  return `${value >= 1000 ? formatCount(value) : trimTo(value, 3)} ${units[unit] ?? ''}`;
}

/** A share of 1 as per cent. Small non-zero shares never round to zero, nor near-complete ones to all. */
export function formatPercent(share: number): string {
  const percent = share * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent < 0.01) return '< 0.01 %';
  if (percent > 99.99 && percent < 100) return '> 99.99 %';
  if (percent > 99 && percent < 100) return `${percent.toFixed(2)} %`;
  return `${trimTo(percent, percent < 1 ? 2 : 3)} %`;
}

export function formatRatio(ratio: number | null): string {
  return ratio === null ? '-' : ratio.toFixed(3);
}

/** `1 client`, `3 clients`. */
export function formatPlural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function trimTo(value: number, digits: number): string {
  const magnitude = Math.abs(value);
  if (magnitude === 0) return '0';
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(magnitude)));
  const text = value.toFixed(Math.min(decimals, 6));
  // 99.97 becomes "100.0" when its last digit rounds up: one digit too many.
  return Math.abs(Number(text)) >= 10 ** (Math.floor(Math.log10(magnitude)) + 1)
    ? value.toFixed(Math.max(0, decimals - 1))
    : text;
}

/** Lowest, median and highest of what is known. */
export function spread(
  values: readonly (number | null)[],
  format: (value: number) => string,
): string {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const [first] = known;
  const middle = known[Math.floor((known.length - 1) / 2)];
  const last = known.at(-1);
  if (first === undefined || middle === undefined || last === undefined) return '-';
  return first === last ? format(first) : [first, middle, last].map(format).join(' / ');
}
