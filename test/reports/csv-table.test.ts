import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsv, writeCsv } from '../../reports/csv-table.ts';

describe('CSV tables', () => {
  it('quote what would tear a row', () => {
    expect(
      writeCsv(
        ['a', 'b'],
        [
          ['x,y', 'say "hi"'],
          ['two\nlines', null],
        ],
      ),
    ).toBe('a,b\n"x,y","say ""hi"""\n"two\nlines",\n');
  });

  it('read back whatever was written', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', ',', '"', '\n', '\r', ' ') });
    const row = fc.array(cell, { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        expect(readCsv(writeCsv(['a', 'b'], rows))).toEqual([['a', 'b'], ...rows]);
      }),
    );
  });

  it('accept CRLF and name the line of a quote that never closes', () => {
    expect(readCsv('a,b\r\n1,2\r\n')).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
    expect(() => readCsv('a\n"x\ny"\n"torn')).toThrow('line 4');
  });
});
