import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvRenderer } from '../../reports/renderers/csv.ts';
import { writeRecord } from '../../reports/write.ts';
import { makeRecord } from '../helpers/record/record.ts';

const run = promisify(execFile);
const page = readFileSync(join(import.meta.dirname, '../../docs/notebooks.md'), 'utf8');
const examples = [...page.matchAll(/```python\n(.*?)```/gs)].map(([, code = '']) => code);

/** Each example with the module that it needs, and how a machine gets it. */
const modules = [
  ['pandas', 'apt-get install python3-pandas'],
  ['duckdb', 'pip install duckdb'],
] as const;

const there = await Promise.all(
  modules.map(([name]) =>
    run('python3', ['-c', `import ${name}`]).then(
      () => true,
      () => false,
    ),
  ),
);

let place = '';

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'busbench-notebook-'));
  const record = makeRecord();
  await writeRecord(join(place, 'result'), record, '');
  for (const table of ['links', 'matrix'] as const) {
    await writeFile(join(place, `${table}.csv`), csvRenderer.render([record], { table }));
  }
});

afterAll(async () => {
  await rm(place, { recursive: true, force: true });
});

describe('docs/notebooks.md', () => {
  it('has an example for each module', () => {
    expect(examples.map((code) => /^import (\w+)/.exec(code)?.[1])).toEqual(
      modules.map(([name]) => name),
    );
  });

  for (const [at, [name, how]] of modules.entries()) {
    const missing = there[at] ? '' : ` [skipped: no ${name} for python3; ${how}]`;
    it.skipIf(!there[at])(`shows ${name} what a run has${missing}`, async () => {
      const { stdout } = await run('python3', ['-c', examples[at] ?? ''], { cwd: place });
      const { result } = makeRecord();
      expect(stdout).toContain(`done: ${result.outcome.completed}`);
      if (name === 'duckdb') expect(stdout).toContain(`links: ${result.wan.links.length}`);
      else expect(stdout).toContain(`served: ${result.outcome.completed}`);
    });
  }
});
