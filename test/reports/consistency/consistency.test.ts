import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  contradictionsOf,
  refuseContradictions,
} from '../../../reports/consistency/consistency.ts';
import type { RunRecord } from '../../../reports/record.ts';
import { makeRecord } from '../../helpers/record/record.ts';
import { castRecord, fanoutRecord } from './records.ts';

const records: Readonly<Record<string, () => RunRecord>> = {
  calls: () => makeRecord(),
  casts: castRecord,
  fanouts: fanoutRecord,
};

describe('an honest record', () => {
  it.each(Object.entries(records))('of %s contradicts itself nowhere', (_, make) => {
    expect(contradictionsOf(make())).toEqual([]);
  });

  it('may lack every file but its result', () => {
    for (const make of Object.values(records)) {
      const alone = { result: make().result, intervals: [], peers: [], histograms: [] };
      expect(contradictionsOf(alone)).toEqual([]);
    }
  });

  it('may be of a version that did not count negative samples', () => {
    const record = makeRecord();
    const older = JSON.parse(
      JSON.stringify(record.result, (key, value) => (key === 'negative' ? undefined : value)),
    ) as RunRecord['result'];
    const [line, ...lines] = record.histograms;
    if (line === undefined) throw new Error('no histograms');
    const histograms = [{ ...line, maxUs: line.maxUs - 1 }, ...lines];
    expect(contradictionsOf({ ...record, histograms, result: older })).toEqual([]);
  });
});

/** One number of a record, where it stands, and how to change it. */
interface Place {
  readonly path: string;
  readonly value: number;
  set(value: number): void;
}

function* numbersOf(node: object, path: string): Generator<Place> {
  for (const [key, value] of Object.entries(node) as [string, unknown][]) {
    const at = Array.isArray(node) ? `${path}[*]` : path === '' ? key : `${path}.${key}`;
    // What was asked for is nobody's result.
    if (at === 'scenario') continue;
    if (typeof value === 'number') {
      yield { path: at, value, set: (to) => Object.assign(node, { [key]: to }) };
    } else if (typeof value === 'object' && value !== null) {
      yield* numbersOf(value, at);
    }
  }
}

/** Every number of the result, and every `step`th row of its files. */
function placesOf(record: RunRecord, step: number): Place[] {
  const rowsOf = (name: string, rows: readonly object[]): Place[] =>
    rows.filter((_, i) => i % step === 0).flatMap((row) => [...numbersOf(row, name)]);
  return [
    ...numbersOf(record.result, ''),
    ...rowsOf('peers.csv', record.peers),
    ...rowsOf('intervals.csv', record.intervals),
    ...rowsOf('histograms.hlog', record.histograms),
  ];
}

/** The places that nothing can contradict, as the document lists them: code in the first column of its table. */
function listed(): readonly { readonly path: string; readonly shape: RegExp }[] {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/measurement.md'), 'utf8');
  const [, section = ''] = page.split('## What a result is checked for\n');
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((l) => l.startsWith('| `'));
  return rows.flatMap((line) =>
    [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, path = '']) => {
      const words = path.split(/(\[\*\]|\*)/).map((word) => {
        if (word === '*') return '.+';
        return word.replaceAll(/[.[\]*]/g, '\\$&');
      });
      return { path, shape: new RegExp(`^${words.join('')}$`) };
    }),
  );
}

describe('one number changed', () => {
  const unchecked = listed();
  const met = new Set<string>();

  it.each(Object.entries(records))('in a record of %s is refused, or listed', (name, make) => {
    const record = structuredClone(make());
    const isLarge = name === 'calls';
    // Of a large one the lines of histograms, and what follows from them, have a test of their own.
    const light = isLarge ? { ...record, histograms: [] } : record;
    const accepted: string[] = [];
    for (const { path, value, set } of placesOf(light, isLarge ? 29 : 1)) {
      if (isLarge && path.startsWith('intervals.csv.response')) continue;
      const rows = unchecked.filter(({ shape }) => shape.test(path));
      if (rows.length > 0 && rows.every((row) => met.has(row.path))) continue;
      const wrongs = Number.isInteger(value) ? [value + 1, value - 1] : [value * 1.0001];
      for (const wrong of wrongs) {
        set(wrong);
        if (contradictionsOf(light).length > 0) continue;
        if (rows.length === 0) accepted.push(`${path}: ${value} as ${wrong}`);
        for (const row of rows) met.add(row.path);
      }
      set(value);
    }
    expect([...new Set(accepted)]).toEqual([]);
  });

  it('in a line or second of calls is refused', () => {
    const { result, intervals, histograms } = makeRecord();
    const cut = structuredClone({
      result,
      peers: [],
      intervals: intervals.slice(30, 33),
      histograms: histograms.filter(({ startSeconds }) => startSeconds === 10),
    });
    const from = contradictionsOf(cut);
    for (const { path, value, set } of placesOf(cut, 1).filter(({ path }) =>
      /csv|hlog/.test(path),
    )) {
      set(value + 1);
      expect(contradictionsOf(cut), path).not.toEqual(from);
      set(value);
    }
  });

  it('is listed nowhere in vain', () => {
    expect(unchecked.map(({ path }) => path).filter((path) => !met.has(path))).toEqual([]);
  });
});

describe('RESULT_INCONSISTENT', () => {
  it('says where, what is expected there and from what, and what stands there', () => {
    const record = makeRecord((result) => {
      const { completed } = result.outcome;
      return { ...result, outcome: { ...result.outcome, completed: completed - 1 } };
    });
    const { due, completed, failedTotal } = record.result.outcome;
    const sum = completed + failedTotal;
    expect(() => refuseContradictions(record, 'r/result.json')).toThrow(
      expect.objectContaining({
        code: 'RESULT_INCONSISTENT',
        kind: 'usage',
        message: expect.stringContaining(
          `outcome.due: expected ${sum} (completed ${completed} + failedTotal ${failedTotal}), got ${due}`,
        ),
      }),
    );
  });
});
