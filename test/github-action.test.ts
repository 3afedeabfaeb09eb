import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { understand } from './helpers/command-line.ts';

const root = join(import.meta.dirname, '..');

/** Command lines of a script, without `busbench`. */
function linesOf(script: string): readonly string[] {
  return [...script.matchAll(/^\s*npx busbench (.*)$/gm)].map(([, line = '']) => line);
}

describe('the GitHub Action of docs/ci.md', () => {
  const page = readFileSync(join(root, 'docs/ci.md'), 'utf8');
  const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  const { on, jobs } = parse(yaml) as {
    readonly on: unknown;
    readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
  };
  interface Step {
    readonly uses?: string;
    readonly run?: string;
  }
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  it('is one that GitHub can read: every step runs or uses something', () => {
    expect(on).toBe('pull_request');
    expect(steps.length).toBeGreaterThan(3);
    for (const { uses, run } of steps) {
      expect([uses, run].filter((part) => part !== undefined)).toHaveLength(1);
      if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w-]+@v\d+$/);
    }
  });

  it('measures, compares and reports with commands and flags that there are', async () => {
    const lines = linesOf(steps.map(({ run = '' }) => run).join('\n'));
    const called = lines.map((line) => line.split(' ')[0]);
    expect(called).toEqual(['run', 'run', 'compare', 'report', 'report']);
    for (const line of lines) await understand(line);
  });
});
