import { formatDurationMs } from '../format.ts';
import {
  type Cell,
  cell,
  type Section,
  type Table,
  type Tone,
  textColumn,
  valueColumn,
} from '../sections/section.ts';
import { type Axis, type AxisValue, axesOf, keyOf, labelOf } from './axes.ts';
import {
  lineValues,
  type Panel,
  type Place,
  placesOf,
  trustedMedian,
  type View,
} from './layout.ts';
import { formatMeasure, type Measure, measures } from './measures.ts';
import { isTrusted, type Sweep, type SweepPoint } from './sweep.ts';

/** How many points there are of each status, most trusted first. */
export function statusCounts({ points }: Pick<Sweep, 'points'>): readonly {
  readonly status: SweepPoint['status'];
  readonly count: number;
}[] {
  return statusOrder
    .map((status) => ({
      status,
      count: points.filter((point) => point.status === status).length,
    }))
    .filter(({ count }) => count > 0);
}

const statusOrder: readonly SweepPoint['status'][] = [
  'ok',
  'expectation-missed',
  'invalid',
  'failed',
  'timeout',
  'interrupted',
  'skipped',
  'unmeasured',
];

export const statusTones: Readonly<Record<SweepPoint['status'], Tone>> = {
  ok: 'good',
  'expectation-missed': 'warn',
  invalid: 'bad',
  failed: 'bad',
  timeout: 'bad',
  interrupted: 'warn',
  skipped: 'dim',
  unmeasured: 'dim',
};

/** The verdict of a whole sweep. */
export function sweepHeadline(sweep: Pick<Sweep, 'points'>): {
  readonly label: string;
  readonly tone: Tone;
  readonly outcome: string;
} {
  const counts = statusCounts(sweep);
  const statuses = counts.map(({ status }) => status);
  const total = sweep.points.length;
  const outcome = `${total} points: ${counts.map(({ status, count }) => `${count} ${status}`).join(', ')}`;
  const has = (...some: readonly SweepPoint['status'][]): boolean =>
    some.some((status) => statuses.includes(status));
  if (has('unmeasured', 'interrupted')) return { label: 'UNFINISHED', tone: 'warn', outcome };
  if (has('failed', 'timeout')) return { label: 'SOME FAILED', tone: 'bad', outcome };
  if (has('invalid')) return { label: 'SOME INVALID', tone: 'warn', outcome };
  if (has('expectation-missed')) return { label: 'EXPECTATION MISSED', tone: 'warn', outcome };
  return { label: 'COMPLETE', tone: 'good', outcome };
}

/** What the searches of a sweep found; null when there were none. */
export function searchSection({ searches }: Sweep): Section | null {
  const [first] = searches;
  if (first === undefined) return null;
  const paths = [...new Set(searches.flatMap(({ settings }) => Object.keys(settings)))];
  const table: Table = {
    caption: `Highest ${first.along} for which everything held`,
    columns: [
      ...paths.map(textColumn),
      valueColumn('holds'),
      valueColumn('fails'),
      valueColumn('measurements'),
    ],
    rows: searches.map(({ settings, holds, fails, unit, trials }) => [
      ...paths.map((path) => cell(labelOf(settings[path] ?? null))),
      holds === null ? cell('not even the lowest', 'bad') : cell(`${holds}${unit}`, 'good'),
      fails === null ? cell('not even the highest', 'good') : cell(`${fails}${unit}`),
      cell(String(trials.length)),
    ]),
  };
  const notes = [
    'The capacity lies between the two: the first held, the second did not. Both ends were measured twice, and a third time where the two differed.',
  ];
  return { id: 'search', title: 'Capacity', facts: [], tables: [table], notes };
}

/** Where every line of a view begins and ends: what a reader takes home. Null where nothing was measured. */
export function glanceSection(sweep: Sweep, view: View): Section | null {
  const shown = measures.filter(({ id }) => glanceColumns.includes(id));
  const rows = view.panels.flatMap((panel) =>
    lineValues(view).map((line): Cell[] => [
      cell([line?.label, panel.title].filter((word) => word).join(', ') || sweep.scenario),
      ...shown.map((measure) =>
        endsCell(placesOf(sweep, view, panel, line, measure), view.x, measure),
      ),
    ]),
  );
  // Columns that nobody has, such as the CPU of a bus without processes.
  const kept = shown.filter((_, i) => rows.some((row) => row[i + 1]?.text !== '-'));
  if (kept.length === 0 || rows.length > maxGlanceRows) return null;
  const [first, last] = [view.x.values[0], view.x.values.at(-1)];
  const table: Table = {
    caption: view.x.numeric
      ? `Medians from ${view.x.title} ${first?.label} to ${last?.label}`
      : `Medians, first to last of ${view.x.title || 'repetitions'}`,
    columns: [textColumn(view.lines?.title ?? ''), ...kept.map(({ short }) => valueColumn(short))],
    rows: rows.map((row) =>
      row.filter((_, i) => i === 0 || kept.some((measure) => measure === shown[i - 1])),
    ),
  };
  const notes = table.rows.some((row) => row.some(({ text }) => text.includes('?')))
    ? ['A question mark stands where no point can be trusted.']
    : [];
  return { id: 'glance', title: 'At a glance', facts: [], tables: [table], notes };
}

const maxGlanceRows = 16;
const glanceColumns: readonly string[] = [
  ...['p50', 'p99', 'failed', 'localRatio', 'interSiteBytes', 'busCpuPercent'],
];

function endsCell(places: readonly Place[], { values }: Axis, { kind }: Measure): Cell {
  if (places.length === 0) return cell('-', 'dim');
  const say = (value: AxisValue | undefined): string => {
    const place = places.find((one) => one.value.key === value?.key);
    if (!place || place.trusted.length + place.beyond === 0) return '?';
    const middle = trustedMedian(place);
    return middle === null ? '> timeout' : formatMeasure(middle, kind);
  };
  const [first, last] = [say(values[0]), say(values.at(-1))];
  return cell(first === last ? first : `${first} → ${last}`);
}

/** Medians and ranges of one measure over a view: a row a line and panel, a column a place. Null when there is none. */
export function measureTable(sweep: Sweep, view: View, measure: Measure): Table | null {
  const rows = view.panels.flatMap((panel) => rowsOf(sweep, view, panel, measure));
  if (rows.length === 0) return null;
  const head = [view.lines?.title, ...(view.panels.length > 1 ? ['and'] : [])];
  return {
    caption: `${measure.title} (lowest to highest repetition)`,
    columns: [
      textColumn(head.filter((word) => word !== undefined).join(' ')),
      ...view.x.values.map(({ label }) => valueColumn(label)),
    ],
    rows,
  };
}

function rowsOf(sweep: Sweep, view: View, panel: Panel, measure: Measure): Cell[][] {
  return lineValues(view).flatMap((line) => {
    const places = placesOf(sweep, view, panel, line, measure);
    if (places.length === 0) return [];
    const byKey = new Map(places.map((place) => [place.value.key, place]));
    const name = [line?.label, panel.title].filter((word) => word).join(', ');
    return [
      [
        cell(name === '' ? measure.short : name),
        ...view.x.values.map(({ key }) => placeCell(byKey.get(key), measure.kind)),
      ],
    ];
  });
}

function placeCell(place: Place | undefined, kind: Measure['kind']): Cell {
  if (!place) return cell('-', 'dim');
  const ranked = place.trusted.length + place.beyond;
  if (ranked === 0) return cell('invalid', 'bad');
  const middle = trustedMedian(place);
  const text = middle === null ? '> timeout' : formatMeasure(middle, kind);
  const [low, high] = [place.trusted[0], place.trusted.at(-1)];
  if (ranked === 1 || low === undefined || high === undefined) return cell(text);
  const most = place.beyond > 0 ? '> timeout' : formatMeasure(high, kind);
  const least = formatMeasure(low, kind);
  if (least === most) return cell(text);
  // Said once is enough where both have the same unit.
  const [unit = ''] = /[^\d.]*$/.exec(least) ?? [];
  return cell(
    `${text} (${most.endsWith(unit) ? least.slice(0, least.length - unit.length) : least} to ${most})`,
  );
}

/** Every point with its place on the axes, how it ended and its first numbers; it links to its own report. */
export function pointSection(sweep: Sweep): Section {
  const axes = axesOf(sweep);
  const shown = measures.filter(
    ({ id }) =>
      pointColumns.includes(id) &&
      sweep.points.some((point) => typeof point.measures[id] === 'number'),
  );
  const table: Table = {
    caption: 'Every point, in the order of the file; each leads to its own report',
    columns: [
      textColumn('point'),
      ...axes.map(({ title }) => textColumn(title)),
      valueColumn('#'),
      textColumn('status'),
      ...shown.map(({ short }) => valueColumn(short)),
      textColumn('why'),
    ],
    rows: sweep.points.map((point) => [
      pointCell(point),
      ...axes.map((axis) => {
        const key = keyOf(point.settings, axis);
        return cell(axis.values.find((value) => value.key === key)?.label ?? '-');
      }),
      cell(String(point.repetition)),
      cell(point.status, statusTones[point.status]),
      ...shown.map((measure) => measureCell(point, measure)),
      cell(shorten(point.reason ?? '')),
    ]),
  };
  const takenMs = sweep.points.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const facts = [
    { label: 'measured for', value: formatDurationMs(Math.round(takenMs / 1e3) * 1e3) },
  ];
  return { id: 'points', title: 'Points', facts, tables: [table], notes: [] };
}

const pointColumns: readonly string[] = ['p50', 'p99', 'rate', 'failed', 'localRatio'];

function pointCell({ id, directory, numbers }: SweepPoint): Cell {
  return directory === null || numbers === null
    ? cell(id)
    : { text: id, href: `${directory}/report.html` };
}

function measureCell(point: SweepPoint, { id, kind }: Measure): Cell {
  const value = point.measures[id];
  if (typeof value !== 'number') return cell(point.beyond.includes(id) ? '> timeout' : '-', 'dim');
  return cell(formatMeasure(value, kind), isTrusted(point) ? undefined : 'dim');
}

/** Messages can be long; the point's own report has them whole. */
function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length <= 90 ? line : `${line.slice(0, 87)}...`;
}
