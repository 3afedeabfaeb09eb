import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCsv } from '../../../reports/csv-table.ts';
import { axesOf } from '../../../reports/sweep/axes.ts';
import { sweepHtml } from '../../../reports/sweep/html.ts';
import { placesOf, trustedMedian, viewsOf } from '../../../reports/sweep/layout.ts';
import { sweepMarkdown } from '../../../reports/sweep/markdown.ts';
import { measures } from '../../../reports/sweep/measures.ts';
import { pointsCsv } from '../../../reports/sweep/points-csv.ts';
import type { Settings, Sweep, SweepPoint } from '../../../reports/sweep/sweep.ts';

const run = promisify(execFile);

const buses = [{ type: 'zeromq' }, { type: 'zeromq', mode: 'proxy' }, { type: 'router' }] as const;
const delays = ['0ms', '10ms', '25ms', '50ms'];

function point(settings: Settings, repetition: number, more: Partial<SweepPoint> = {}): SweepPoint {
  const id = Buffer.from(JSON.stringify([settings, repetition]))
    .toString('hex')
    .slice(-12);
  return {
    id,
    settings,
    repetition,
    status: 'ok',
    reason: null,
    directory: `points/${id}`,
    durationMs: 9_000,
    numbers: { 'outcome.due': 1000 },
    measures: {},
    beyond: [],
    ...more,
  };
}

/** Three buses by four delays by two repetitions; the last bus pays twice, and some points went wrong. */
function sweep(change: (points: SweepPoint[]) => SweepPoint[] = (points) => points): Sweep {
  const points = buses.flatMap((bus, b) =>
    delays.flatMap((delay, d) =>
      [1, 2].map((repetition) => {
        const p50 = 500 + 2_000 * Number.parseInt(delay, 10) * (b === 2 ? 2 : 1) + 40 * repetition;
        const invalid = b === 0 && d === 1 && repetition === 2;
        return point({ bus, 'links.default.delay': delay }, repetition, {
          measures: {
            p50,
            p99: b === 2 && d === 3 ? null : p50 * 1.7,
            rate: 600,
            failed: 0,
            localRatio: b === 1 ? null : 1 / 3,
          },
          beyond: b === 2 && d === 3 ? ['p99'] : [],
          ...(invalid ? { status: 'invalid', reason: 'agents <late> | *very*' } : {}),
        });
      }),
    ),
  );
  return {
    schema: 'busbench/campaign/1',
    name: 'three buses',
    scenario: 'quickstart',
    axes: [
      { paths: ['bus'], steps: buses.map((bus) => [bus]) },
      { paths: ['links.default.delay'], steps: delays.map((delay) => [delay]) },
    ],
    points: change(points),
    searches: [],
  };
}

describe('axes and views', () => {
  it('tell numbers from words, and name maps by their values', () => {
    const [bus, delay] = axesOf(sweep());
    expect(bus).toMatchObject({ numeric: false });
    expect(bus?.values.map(({ label }) => label)).toEqual(['zeromq', 'zeromq proxy', 'router']);
    expect(delay?.values.map(({ label, number }) => [label, number])).toEqual([
      ['0 ms', 0],
      ['10 ms', 10],
      ['25 ms', 25],
      ['50 ms', 50],
    ]);
    const mixed = {
      ...sweep(),
      axes: [{ paths: ['x'], steps: [['1s'], ['100ms'], ['2m']] }],
      points: [],
    };
    expect(axesOf(mixed)[0]?.values.map(({ number }) => number)).toEqual([100, 1_000, 120_000]);
    const words = { ...sweep(), axes: [{ paths: ['x'], steps: [['1s'], ['5/s']] }], points: [] };
    expect(axesOf(words)[0]?.numeric).toBe(false);
  });

  it('draw numbers against words, a line a bus', () => {
    const [view, ...others] = viewsOf(sweep());
    expect(others).toEqual([]);
    expect(view?.x.title).toBe('links.default.delay');
    expect(view?.lines?.title).toBe('bus');
    expect(view?.panels).toHaveLength(1);
  });

  it('make a panel of every combination that is neither', () => {
    const more = sweep((points) =>
      points.flatMap((one) =>
        [1, 10].map((servers) => ({
          ...one,
          settings: { ...one.settings, 'servers.count': servers },
        })),
      ),
    );
    const views = viewsOf(more);
    expect(views.map(({ x }) => x.title)).toEqual(['links.default.delay', 'servers.count']);
    expect(views[0]?.panels.map(({ title }) => title)).toEqual([
      'servers.count 1',
      'servers.count 10',
    ]);
    expect(views[1]?.panels).toHaveLength(4);
  });

  it('trust neither invalid points nor a median beyond the timeout', () => {
    const [view] = viewsOf(sweep());
    const [panel] = view?.panels ?? [];
    const p99 = measures.find(({ id }) => id === 'p99');
    if (!view || !panel || !p99) throw new Error('nothing to look at');
    const zeromq = placesOf(sweep(), view, panel, view.lines?.values[0] ?? null, p99);
    expect(zeromq[1]).toMatchObject({
      trusted: [expect.any(Number)],
      doubtful: [expect.any(Number)],
    });
    const router = placesOf(sweep(), view, panel, view.lines?.values[2] ?? null, p99);
    const last = router[3];
    expect(last).toMatchObject({ trusted: [], beyond: 2 });
    expect(last && trustedMedian(last)).toBeNull();
  });
});

describe('points.csv', () => {
  it('is tidy: a row a point, a column a variable', () => {
    const [header = [], ...rows] = readCsv(pointsCsv(sweep()));
    expect(rows).toHaveLength(24);
    expect(new Set(header).size).toBe(header.length);
    expect(rows.every((row) => row.length === header.length)).toBe(true);
    const cell = (row: readonly string[] | undefined, column: string): string | undefined =>
      row?.[header.indexOf(column)];
    expect(cell(rows[8], 'bus')).toBe('zeromq proxy');
    expect(cell(rows[3], 'status')).toBe('invalid');
    expect(cell(rows[3], 'reason')).toBe('agents <late> | *very*');
    expect(cell(rows[0], 'outcome.due')).toBe('1000');
    expect(cell(rows[0], 'measure.p50')).toBe('540');
    expect(cell(rows.at(-1), 'measure.p99')).toBe('');
  });
});

describe('report.md', () => {
  const markdown = sweepMarkdown(sweep());

  it('has medians and ranges, and every point folded away', () => {
    expect(markdown).toContain('### three buses: SOME INVALID');
    expect(markdown).toContain('24 points: 23 ok, 1 invalid');
    expect(markdown).toMatch(/\| router \| 560 µs \(540 to 580 µs\) \| 40\.6 ms /);
    expect(markdown).toMatch(/\| router .*\| > timeout \|/);
    expect(
      markdown
        .slice(markdown.indexOf('<details>'))
        .split('\n')
        .filter((line) => /^\| [0-9a-f]{12} /.test(line)),
    ).toHaveLength(24);
    expect(markdown).not.toContain('<late>');
  });
});

describe('the page', () => {
  const page = sweepHtml(sweep());

  it('needs nothing from anywhere, and links every point to its report', () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\((?!#)|\son\w+=/i);
    expect(page.match(/href="points\/[0-9a-f]{12}\/report\.html"/g)).toHaveLength(24);
    expect(page.length).toBeLessThan(1_500_000);
    expect(sweepHtml(sweep())).toBe(page);
  });

  it('has unique ids, and no anchor or clip that leads nowhere', () => {
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    const anchors = [...page.matchAll(/(?:href="|url\()#([^")]+)[")]/g)].map(([, id]) => id);
    expect(anchors.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('draws in colours of the page, with words for every picture', () => {
    const drawings = [...page.matchAll(/<svg[\s\S]*?<\/svg>/g)].map(([svg]) => svg).join('');
    const colors = [...drawings.matchAll(/\b(?:fill|stroke)="([^"]+)"/g)].map(
      ([, color]) => color ?? '',
    );
    const fixed = new Set(
      colors.filter((color) => !/^(var\(--[\w-]+\)|none|transparent|#000)$/.test(color)),
    );
    expect([...fixed]).toEqual([]);
    const figures = page.match(/<figure/g) ?? [];
    expect(figures.length).toBeGreaterThanOrEqual(5);
    expect(page.match(/role="img" aria-label="[^"]{40,}"/g)).toHaveLength(figures.length);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('says what is not known of the spread, and marks what is not to be trusted', () => {
    expect(page).toContain('every repetition is a dot');
    expect(page).toContain('Crosses are invalid points');
    expect(page).toContain('Triangles lie beyond the timeout');
    const single = sweepHtml(
      sweep((points) => points.filter(({ repetition }) => repetition === 1)),
    );
    expect(single).toContain('nothing is known of the spread');
  });

  it('is made of a sweep that has hardly begun, and of one without axes', () => {
    const none = sweepHtml(
      sweep((points) =>
        points.map((one) => ({
          ...one,
          status: 'unmeasured',
          measures: {},
          numbers: null,
          directory: null,
        })),
      ),
    );
    expect(none).toContain('UNFINISHED');
    expect(none).toContain('Nothing was measured yet');
    const repeated = sweepHtml({ ...sweep((points) => points.slice(0, 2)), axes: [] });
    expect(repeated).toContain('all repetitions');
  });

  it('shows what a search found', () => {
    const found = {
      settings: { bus: 'router' },
      along: 'workload.pace.rate',
      unit: '/s',
      holds: 3162,
      fails: 3924,
      trials: [],
    };
    expect(sweepHtml({ ...sweep(), searches: [found] })).toMatch(/3162\/s[\s\S]*3924\/s/);
  });
});

const chromium = await findChromium();
const missing = chromium === null ? ' [skipped: no chromium; apt-get install chromium]' : '';

describe.skipIf(chromium === null)(`in headless Chromium${missing}`, () => {
  let place = '';
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'busbench-sweep-'));
  });
  afterAll(() => rm(place, { recursive: true, force: true }));

  it('opens without complaint and shows tables and pictures', async () => {
    const file = join(place, 'report.html');
    const evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>';
    await writeFile(file, sweepHtml({ ...sweep(), name: evil }));
    const quiet = ['background-networking', 'component-update', 'sync', 'gpu', 'quic'];
    const { stdout, stderr } = await run(
      chromium ?? '',
      [
        ...['--headless', '--no-sandbox', '--no-first-run', '--enable-logging=stderr'],
        ...quiet.map((what) => `--disable-${what}`),
        ...[`--user-data-dir=${join(place, 'profile')}`, '--dump-dom', `file://${file}`],
      ],
      { timeout: 60_000, maxBuffer: 64 << 20 },
    );
    expect(stdout).not.toMatch(/<img|<script/i);
    expect(stdout.match(/<h1>/g)).toHaveLength(1);
    expect(stdout.match(/<svg/g)?.length).toBeGreaterThanOrEqual(10);
    expect(stdout).toContain('zeromq proxy');
    expect(stderr).not.toMatch(/CONSOLE|net_error|ERR_/);
  }, 90_000);
});

async function findChromium(): Promise<string | null> {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    const found = await run(name, ['--version']).catch(() => null);
    if (found !== null) return name;
  }
  return null;
}
