import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatUs } from '../../../reports/format.ts';
import { htmlRenderer } from '../../../reports/renderers/html.ts';
import type { RunResult } from '../../../reports/result.ts';
import { headline } from '../../../reports/sections/headline.ts';
import { manySites } from '../../helpers/record/many-sites.ts';
import { makeRecord } from '../../helpers/record/record.ts';

const run = promisify(execFile);
const record = makeRecord();
const page = htmlRenderer.render([record]);

describe('the page', () => {
  it('needs nothing from anywhere and runs nothing', () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\((?!#)|\son\w+=/i);
    const addresses = [...page.matchAll(/\bhttps?:\/\/[^"'\s<]+/g)].map(([address]) => address);
    expect(new Set(addresses)).toEqual(
      new Set(['http://www.w3.org/2000/svg', 'http://www.w3.org/1999/xlink']),
    );
    expect(page.length).toBeLessThan(1_000_000);
  });

  it('is the same for the same record, and its ids are unique', () => {
    expect(htmlRenderer.render([record])).toBe(page);
    const several = htmlRenderer.render([record, record]);
    const ids = [...several.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    const anchors = [...several.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(anchors.filter((id) => !ids.includes(id))).toEqual([]);
    const clips = [...several.matchAll(/url\(#([^)]+)\)/g)].map(([, id]) => id);
    expect(clips.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('uses colours of the page only, so that dark and print are readable', () => {
    const drawings = [...page.matchAll(/<svg[\s\S]*?<\/svg>/g)].map(([svg]) => svg).join('');
    expect(drawings).not.toBe('');
    const colors = [...drawings.matchAll(/\b(?:fill|stroke)="([^"]+)"/g)].map(
      ([, color]) => color ?? '',
    );
    const fixed = new Set(
      colors.filter((color) => !/^(var\(--[\w-]+\)|none|transparent)$/.test(color)),
    );
    // Only clip paths are filled with black, and they are never seen.
    expect([...fixed].filter((color) => color !== '#000')).toEqual([]);
  });

  it('gives every picture words and every table a caption', () => {
    const figures = page.match(/<figure>/g) ?? [];
    expect(figures).toHaveLength(5);
    expect(page.match(/role="img" aria-label="[^"]{40,}"/g)).toHaveLength(figures.length);
    expect(page.match(/<caption>[^<]+<\/caption>/g)).toHaveLength(
      (page.match(/<table>/g) ?? []).length,
    );
    expect(page.match(/<h1>/g)).toHaveLength(1);
  });
});

const chromium = await findChromium();
const missing = chromium === null ? ' [skipped: no chromium; apt-get install chromium]' : '';

describe.skipIf(chromium === null)(
  `in headless Chromium${missing}`,
  () => {
    let place = '';

    beforeAll(async () => {
      place = await mkdtemp(join(tmpdir(), 'busbench-html-'));
    });

    afterAll(async () => {
      await rm(place, { recursive: true, force: true });
    });

    it('shows the numbers of the record', async () => {
      const { dom, log } = await open('plain', page);
      const text = textOf(dom);
      const { label, outcome } = headline(record.result);
      for (const shown of [
        ...[label, outcome, formatUs(record.result.latencyUs.response.p50)],
        ...['> timeout', '80 → 84.6 ms', 'partition paris | lyon', ' % (timeout 5 s)'],
      ]) {
        expect(text).toContain(shown);
      }
      expect(log).not.toMatch(/CONSOLE|net_error|ERR_/);
    });

    it('keeps whatever a scenario says as text', async () => {
      const evil = `"><img src=x onerror=alert(1)><script>alert('2')</script>&{a|b}`;
      const { dom } = await open(
        'evil',
        htmlRenderer.render([makeRecord((result) => spoiled(result, evil))]),
      );
      expect(dom).not.toMatch(/<img|<script/i);
      expect(dom.match(/<h1>/g)).toHaveLength(1);
      expect(textOf(dom)).toContain(evil);
    });

    it('opens when nothing was measured', async () => {
      const empty = htmlRenderer.render([
        { ...makeRecord(unmeasured), intervals: [], peers: [], histograms: [] },
      ]);
      const { dom } = await open('empty', empty);
      expect(textOf(dom)).toContain('nothing was due');
      expect(dom).not.toContain('NaN');
    });

    /** The document as Chromium built it, and what it complained of. */
    async function open(name: string, html: string): Promise<{ dom: string; log: string }> {
      const file = join(place, `${name}.html`);
      await writeFile(file, html);
      const quiet = ['background-networking', 'component-update', 'sync', 'gpu', 'quic'];
      const { stdout, stderr } = await run(
        chromium ?? '',
        [
          ...[
            '--headless',
            '--no-sandbox',
            '--no-first-run',
            ...quiet.map((what) => `--disable-${what}`),
          ],
          ...[`--user-data-dir=${join(place, `${name}-profile`)}`, '--enable-logging=stderr'],
          ...['--dump-dom', `file://${file}`],
        ],
        { timeout: 60_000, maxBuffer: 64 << 20 },
      );
      return {
        dom: stdout,
        log: stderr
          .split('\n')
          .filter((line) => line.includes(file) || line.includes('CONSOLE'))
          .join('\n'),
      };
    }
  },
  120_000,
);

async function findChromium(): Promise<string | null> {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    const found = await run(name, ['--version']).catch(() => null);
    if (found !== null) return name;
  }
  return null;
}

function textOf(dom: string): string {
  return dom
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}

function spoiled(result: RunResult, evil: string): RunResult {
  const rename = (site: string): string => (site === 'paris' ? evil : site);
  return {
    ...result,
    name: evil,
    verdict: {
      ...result.verdict,
      warnings: result.verdict.warnings.map((warning) => ({ ...warning, message: evil })),
    },
    wan: {
      ...result.wan,
      limits: [evil],
      links: result.wan.links.map((link) => ({
        ...link,
        from: rename(link.from),
        to: rename(link.to),
      })),
    },
    faults: result.faults.map((fault) => ({ ...fault, target: evil })),
    bus: {
      ...result.bus,
      nodes: result.bus.nodes.map((node) => ({ ...node, name: evil, site: rename(node.site) })),
    },
    resources: {
      processes: result.resources.processes.map((process) => ({ ...process, name: evil })),
    },
    environment: { ...result.environment, commandLine: [evil] },
  };
}

function unmeasured(result: RunResult): RunResult {
  const nothing = {
    count: 0,
    min: null,
    mean: null,
    stddev: null,
    p50: null,
    p75: null,
    p90: null,
    p95: null,
  };
  const none = { ...nothing, p99: null, p999: null, p9999: null, max: null, hdr: '', failed: 0 };
  return {
    ...result,
    workload: { ...result.workload, measuredMs: 0, achievedPerSecond: 0 },
    outcome: { ...result.outcome, due: 0, completed: 0, failedTotal: 0, failed: {} },
    latencyUs: {
      ...result.latencyUs,
      response: none,
      service: none,
      agentDelay: none,
      busDelay: none,
    },
    resources: { processes: [] },
    verdict: { ...result.verdict, status: 'interrupted', expectations: [] },
  };
}

describe('the page of many sites', () => {
  const many = makeRecord(manySites);
  const sites = many.result.scenario.sites.map(({ name }) => name);
  const page = htmlRenderer.render([many, many]);

  it('maps every pair, in squares of few shades, and says so to who cannot see', () => {
    const figures = [...page.matchAll(/<figure[\s\S]*?<\/figure>/g)].map(([figure]) => figure);
    const map = figures.find((figure) => figure.includes('Operations by pair of sites')) ?? '';
    const [wide = ''] = /<svg[\s\S]*?<\/svg>/.exec(map) ?? [];
    const squares = wide.match(/M[\d.]+ [\d.]+ ?[hLH]/g) ?? [];
    const served = many.result.locality.matrix.filter(({ count }) => count > 0);
    expect(squares.length).toBeGreaterThanOrEqual(served.length);
    expect(map).toContain(`aria-label="A map of ${sites.length} by ${sites.length} sites`);
  });

  it('can show the rows of one site alone, without a script', () => {
    const [site = ''] = sites;
    expect(page).toContain(`<option value="${site}">${site}</option>`);
    expect(page).toContain(
      `#r2-top:has(#r2-site option[value="${site}"]:checked) tr[data-sites]:not([data-sites~="${site}"])`,
    );
    expect(page).toMatch(new RegExp(`<tr data-sites="${site} [^"]+">`));
    expect(htmlRenderer.render([makeRecord()])).not.toContain('data-sites~=');
  });
});
