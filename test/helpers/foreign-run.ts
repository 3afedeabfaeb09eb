import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseResult } from '../../reports/parse.ts';
import type { RunResult } from '../../reports/result.ts';
import { busbench, type Finished, scenarioFile } from './cli.ts';

const login = 'BUSBENCH_TEST_LOGIN';

/** `busbench run` against a broker that is not ours: 400 operations of two servers and four clients. */
export interface ForeignRun {
  readonly folder: string;
  /** Name of the result directory below. */
  readonly name: string;
  /** Options of the bus. */
  readonly bus: string;
  /** `external` when absent. */
  readonly type?: string;
  /** `user:password`, or null for a scenario without credentials. */
  readonly login: string | null;
  readonly sets?: readonly string[];
}

export async function runForeign(run: ForeignRun): Promise<Finished> {
  const credentials = run.login === null ? '' : `credentials: { env: ${login} }, `;
  const file = await scenarioFile(
    run.folder,
    `
schema: busbench/scenario/1
name: test
sites: [paris]
bus: { type: ${run.type ?? 'external'}, ${credentials}${run.bus} }
servers: { count: 2 }
clients: { count: 4 }
workload: { pattern: call, pace: { rate: 200/s }, body: 256, timeout: 1s }
phases: { warmup: 500ms, measure: 2s, drain: 1s }
`,
  );
  const sets = (run.sets ?? []).flatMap((set) => ['--set', set]);
  const args = ['run', file, ...sets, '-o', join(run.folder, run.name)];
  return busbench(args, { [login]: run.login ?? '' });
}

/** Every operation completed, each delivered once, `copies` of it; no process left, the secret nowhere. */
export async function expectComplete(
  finished: Finished,
  {
    folder,
    name,
    secret,
    copies = 1,
  }: {
    readonly folder: string;
    readonly name: string;
    readonly secret: string;
    readonly copies?: number;
  },
): Promise<RunResult> {
  expect([0, 4], finished.stderr).toContain(finished.code);
  const directory = join(folder, name);
  const result = parseResult(JSON.parse(readFileSync(join(directory, 'result.json'), 'utf8')));
  expect(result.outcome).toMatchObject({
    due: 400,
    completed: 400,
    delivered: 400 * copies,
    lost: 0,
    duplicated: 0,
    redelivered: 0,
    reordered: 0,
  });
  for (const file of filesBelow(directory)) {
    expect(readFileSync(file, 'latin1').includes(secret), file).toBe(false);
  }
  expect(finished.stdout + finished.stderr).not.toContain(secret);
  expect(await finished.leftovers()).toEqual([]);
  return result;
}

function filesBelow(directory: string): readonly string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
}
