import { describe, expect, it } from 'vitest';
import { readCsv } from '../../../reports/csv-table.ts';
import { flattenResult } from '../../../reports/flatten.ts';
import { csvRenderer, csvTables } from '../../../reports/renderers/csv.ts';
import { hlogRenderer } from '../../../reports/renderers/hlog.ts';
import { influxRenderer } from '../../../reports/renderers/influx.ts';
import { jsonRenderer } from '../../../reports/renderers/json.ts';
import { openmetricsRenderer } from '../../../reports/renderers/openmetrics.ts';
import { makeRecord } from '../../helpers/record/record.ts';

const hostile = 'a "b",c=d \\ e\nf';
const record = makeRecord();
const other = makeRecord((result) => ({ ...result, name: hostile }));

describe('csv', () => {
  it('has each long list as a tidy table, a row an item', () => {
    const [header = [], ...rows] = readCsv(csvRenderer.render([record], { table: 'links' }));
    const { links } = record.result.wan;
    expect(header.slice(0, 4)).toEqual(['run', 'startedAt', 'from', 'to']);
    expect(rows.map((row) => row[header.indexOf('rttP50Ms')])).toEqual(
      links.map(({ measured }) => String(measured.rttP50Ms)),
    );
    expect(rows.map((row) => row[header.indexOf('requested.delayMs')])).toEqual(
      links.map(({ requested }) => String(requested.delayMs)),
    );
    for (const table of ['matrix', 'processes', 'faults', 'expectations'] as const) {
      const [, ...items] = readCsv(csvRenderer.render([record, record], { table }));
      expect(items.length, table).toBe(2 * csvTables[table](record.result).length);
    }
  });

  it('has one row a result and every numeric path as a column', () => {
    const [header = [], ...rows] = readCsv(csvRenderer.render([record, other]));
    expect(header.slice(0, 3)).toEqual(['name', 'startedAt', 'verdict.status']);
    expect(new Set(header).size).toBe(header.length);
    expect(rows.map((row) => row[0])).toEqual(['three-sites', hostile]);
    for (const [path, value] of Object.entries(flattenResult(record.result))) {
      expect(rows[0]?.[header.indexOf(path)], path).toBe(value === null ? '' : String(value));
    }
  });
});

describe('json', () => {
  it('is the result, or an array of several', () => {
    expect(JSON.parse(jsonRenderer.render([record]))).toEqual(record.result);
    expect(JSON.parse(jsonRenderer.render([record, other]))).toEqual([record.result, other.result]);
  });
});

describe('hlog', () => {
  it('gives each of several results its own base time', () => {
    const log = hlogRenderer.render([record, other]);
    expect(log.match(/^#\[BaseTime: 1795253408\.000 /gm)).toHaveLength(2);
  });
});

describe('openmetrics', () => {
  const text = openmetricsRenderer.render([record, other]);
  const lines = text.trimEnd().split('\n');
  const sampleLine =
    /^([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\} (-?[\d.]+(?:e-?\d+)?|\+Inf|NaN) (\d+(?:\.\d+)?)$/;

  it('ends with EOF and declares each family once, before its samples, with the unit as suffix', () => {
    expect(text.endsWith('# EOF\n')).toBe(true);
    const declared = new Map<string, string>();
    let family = '';
    for (const line of lines.slice(0, -1)) {
      const type = /^# TYPE (\S+) (\S+)$/.exec(line);
      const unit = /^# UNIT (\S+) (\S+)$/.exec(line);
      if (type?.[1] !== undefined && type[2] !== undefined) {
        expect(declared.has(type[1]), `${type[1]} twice`).toBe(false);
        [, family = ''] = type;
        declared.set(family, type[2]);
      } else if (unit?.[1] !== undefined) {
        expect(unit[1]).toBe(family);
        expect(family.endsWith(`_${unit[2]}`), family).toBe(true);
      } else if (!line.startsWith('# HELP ')) {
        expect(line).toMatch(sampleLine);
        const [, name = ''] = sampleLine.exec(line) ?? [];
        const suffixes = {
          counter: ['_total'],
          info: ['_info'],
          gauge: [''],
          summary: ['', '_count', '_sum'],
        };
        const allowed = suffixes[(declared.get(family) ?? 'gauge') as keyof typeof suffixes];
        expect(allowed.map((suffix) => family + suffix)).toContain(name);
      }
    }
    expect(declared.size).toBe(18);
  });

  it('never repeats a sample, and keeps the points of a series in the order of time', () => {
    const last = new Map<string, number>();
    for (const line of lines) {
      const [, name, labels, , time] = sampleLine.exec(line) ?? [];
      if (time === undefined) continue;
      const series = `${name}{${labels}}`;
      expect(Number(time)).toBeGreaterThan(last.get(series) ?? 0);
      last.set(series, Number(time));
    }
    expect(last.size).toBeGreaterThan(200);
  });

  it('ranks failures as infinite and says so of quantiles not known', () => {
    const value = (kind: string, quantile: string): string | undefined =>
      lines
        .find(
          (line) =>
            line.includes(`run="three-sites"`) &&
            line.includes(`kind="${kind}",quantile="${quantile}"`),
        )
        ?.split(' ')[1];
    const { p50 } = record.result.latencyUs.response;
    expect(value('response', '0.5')).toBe(String((p50 ?? 0) / 1e6));
    expect(value('response', '0.999')).toBe('+Inf');
    expect(value('agentDelay', '0.9999')).toBe('NaN');
  });
});

describe('influx line protocol', () => {
  const text = influxRenderer.render([record, other]);
  const plain = String.raw`(?:[^,= \\\n]|\\[,= ])+`;
  const line = new RegExp(
    `^busbench_[a-z]+(?:,${plain}=${plain})* ${plain}=-?[\\d.]+(?:e-?\\d+)?(?:,${plain}=-?[\\d.]+(?:e-?\\d+)?)* (\\d{19})$`,
  );

  it('has only well-formed lines with nanoseconds', () => {
    const lines = text.trimEnd().split('\n');
    for (const each of lines) expect(each).toMatch(line);
    const intervals = lines.filter((each) => each.startsWith('busbench_interval,run=three-sites'));
    expect(intervals).toHaveLength(90);
    expect(intervals[3]).toMatch(/ 1795253409000000000$/);
  });

  it('leaves out what is not known and escapes what would tear a line', () => {
    expect(text).not.toMatch(/=null|NaN|Infinity/);
    expect(text).toContain(String.raw`run=a\ "b"\,c\=d\ /\ e\ f,`);
  });
});
