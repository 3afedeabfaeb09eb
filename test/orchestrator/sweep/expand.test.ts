import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandSettings } from '../../../orchestrator/sweep/expand.ts';
import { parseSweep } from '../../../orchestrator/sweep/spec.ts';

function expand(yaml: string): readonly unknown[] {
  const text = `schema: busbench/sweep/1\nscenario: quickstart\n${yaml}`;
  return expandSettings(parseSweep(text, 'sweep.yaml'));
}

describe('expandSettings', () => {
  it('combines matrix axes, first axis slowest', () => {
    expect(expand('matrix: { a: [1, 2], b: [x, y] }')).toEqual([
      { a: 1, b: 'x' },
      { a: 1, b: 'y' },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
    ]);
  });

  it('takes zip in step, inside every combination', () => {
    expect(expand('matrix: { a: [1, 2] }\nzip: { c: [10, 20], s: [1, 2] }')).toEqual([
      { a: 1, c: 10, s: 1 },
      { a: 1, c: 20, s: 2 },
      { a: 2, c: 10, s: 1 },
      { a: 2, c: 20, s: 2 },
    ]);
  });

  it('leaves out what exclude matches and adds what include says', () => {
    const yaml =
      'matrix: { a: [1, 2], b: [x, y] }\nexclude: [{ a: 2, b: y }]\ninclude: [{ a: 1, c: 7 }, { a: 9, b: z }]';
    expect(expand(yaml)).toEqual([
      { a: 1, b: 'x', c: 7 },
      { a: 1, b: 'y', c: 7 },
      { a: 2, b: 'x' },
      { a: 9, b: 'z' },
    ]);
  });

  it('has as many points as the product of the axes, all different', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 4 }), (axes, steps) => {
        const matrix = Object.fromEntries(axes.map((n, i) => [`m${i}`, [...Array(n).keys()]]));
        const zip = {
          z0: [...Array(steps).keys()],
          z1: [...Array(steps).keys()].map((v) => v * 10),
        };
        const points = expand(`matrix: ${JSON.stringify(matrix)}\nzip: ${JSON.stringify(zip)}`);
        expect(points.length).toBe(axes.reduce((product, n) => product * n, steps));
        expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(points.length);
      }),
    );
  });

  it('reports every mistake of the file at once', () => {
    const yaml = 'matrx: {}\nrepeat: 0\nzip: { a: [1], b: [1, 2] }\nreuse: some';
    expect(() => expand(yaml)).toThrowError(/4 mistakes|3 mistakes/);
    expect(() => expand(yaml)).toThrowError(/matrx.*did you mean "matrix"/);
  });
});
