import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { ScenarioError } from '../../../orchestrator/errors.ts';
import { parseScenario } from '../../../orchestrator/read/scenario.ts';

const folder = join(import.meta.dirname, '../../../topologies');
const samples = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => readFileSync(join(folder, name), 'utf8'));

/** CPU time that any input may take: far above what is needed, far below a hang, and the same on a busy machine. */
const patienceCpuMs = 20_000;
// Only a hang is to be ended by the clock.
vi.setConfig({ testTimeout: 600_000 });

/** Parses; anything but a scenario or a well-formed ScenarioError fails the test. */
async function survives(text: string, sets: readonly string[] = []): Promise<void> {
  const started = process.cpuUsage();
  try {
    const { scenario } = await parseScenario(text, 'fuzz.yaml', sets);
    expect(scenario.schema).toBe('busbench/scenario/1');
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    expect(error.mistakes.length).toBeGreaterThan(0);
    for (const mistake of error.mistakes) {
      expect(mistake.message.length).toBeGreaterThan(0);
      expect(Number.isInteger(mistake.line) && mistake.line >= 0).toBe(true);
      expect(Number.isInteger(mistake.column) && mistake.column >= 0).toBe(true);
    }
  }
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1e3).toBeLessThan(patienceCpuMs);
}

const keys = [
  'schema',
  'name',
  'sites',
  'fabric',
  'links',
  'default',
  'constraints',
  'src',
  'dst',
  'delay',
  'bus',
  'type',
  'nodes',
  'servers',
  'clients',
  'count',
  'placement',
  'workload',
  'pattern',
  'pace',
  'rate',
  'arrivals',
  'ramp',
  'body',
  'min',
  'max',
  'file',
  'hold',
  'phases',
  'measure',
  'calls',
  'drain',
  'faults',
  'at',
  'for',
  'action',
  'node',
  'each',
  'between',
  'link',
  'expect',
  '__proto__',
  'constructor',
  'toString',
  '',
  '<<',
];
const words = [
  'busbench/scenario/1',
  'paris',
  'lyon',
  'loopback',
  'machines',
  'memory',
  'zeromq',
  'call',
  'fanout',
  'notify',
  'one',
  'even',
  '10ms',
  '5',
  '1000/s',
  '1%',
  '1gbit',
  'pause',
  'partition',
  'bus-1',
  'server.paris',
  'link',
  'client',
  'echo',
  '64',
  'outcome.lost == 0',
  '*',
  '&a',
  '!!map',
  '~',
  '0x10',
];
const scalar = fc.oneof(
  fc.constantFrom(...words),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.string(),
);
const structure: fc.Memo<unknown> = fc.memo((depth) =>
  depth <= 1
    ? scalar
    : fc.oneof(
        scalar,
        fc.array(structure(depth - 1), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom(...keys), structure(depth - 1), { maxKeys: 6 }),
      ),
);

/** A part of a real file replaced, doubled or cut out. */
const mutant = fc
  .tuple(
    fc.constantFrom(...samples),
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        cut: fc.nat({ max: 12 }),
        paste: fc.oneof(
          fc.constantFrom(
            ...words,
            ...keys,
            '\n',
            '  ',
            ': ',
            '- ',
            '{',
            '}',
            '[',
            ']',
            ',',
            '#',
            '\t',
            '|',
            '>',
          ),
          fc.string({ maxLength: 5, unit: 'binary' }),
        ),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((result, { at, cut, paste }) => {
      const place = Math.floor(at * result.length);
      return result.slice(0, place) + paste + result.slice(place + cut);
    }, text),
  );

describe('the parser of scenarios', () => {
  it('answers any bytes with mistakes', async () => {
    const bytes = fc.uint8Array({ maxLength: 400 }).map((b) => Buffer.from(b).toString('utf8'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, fc.string({ unit: 'binary' })), (text) => survives(text)),
      {
        numRuns: 500,
      },
    );
  });

  it('answers damaged files with mistakes', async () => {
    await fc.assert(
      fc.asyncProperty(mutant, (text) => survives(text)),
      { numRuns: 1000 },
    );
  });

  it('answers any structure of its own words with mistakes', async () => {
    const document = fc.dictionary(fc.constantFrom(...keys), structure(4), { maxKeys: 10 });
    await fc.assert(
      fc.asyncProperty(document, (value) => survives(stringify(value))),
      { numRuns: 1000 },
    );
  });

  it('answers any --set with mistakes', async () => {
    const path = fc
      .array(fc.oneof(fc.constantFrom(...keys), fc.nat({ max: 3 }).map(String)), { maxLength: 4 })
      .map((parts) => parts.join('.'));
    const set = fc.tuple(path, structure(3)).map(([p, value]) => `${p}=${JSON.stringify(value)}`);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...samples),
        fc.array(fc.oneof(set, fc.string()), { maxLength: 4 }),
        (text, sets) => survives(text, sets),
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['depth', `a: ${'['.repeat(60_000)}${']'.repeat(60_000)}`],
    ['block depth', Array.from({ length: 600 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['many keys', Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n')],
    ['many mistakes', `sites: [${'5,'.repeat(20_000)}]`],
    ['many faults', `faults: [${'{ at: 1 },'.repeat(5000)}]`],
    ['many anchors', Array.from({ length: 5000 }, (_, i) => `k${i}: &a${i} 1`).join('\n')],
    ['aliases', `a: &a [1]\nb: [${'*a,'.repeat(20_000)}]`],
    ['an alias of itself', 'a: &a [*a]\nsites: *a'],
    ['a merge key', 'a: &a { x: 1 }\nsites:\n  <<: *a'],
    ['long near names', `${'f'.repeat(100_000)}: 1`],
    ['a byte order mark', '\uFEFFschema: busbench/scenario/1'],
    ['null bytes', 'schema: \0\0\0'],
    ['enormous numbers', 'seed: 1e400\nclients: { count: 99999999999999999999 }'],
    [
      'a million clients',
      'schema: busbench/scenario/1\nsites: [a, b]\nbus: { type: memory }\nclients: { count: 1000000 }\nfaults: [{ at: 1s, for: 1s, action: pause, node: x }]',
    ],
  ])('is neither felled nor slowed by %s', async (_what, text) => {
    await survives(text);
  });
});
