import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { makeProgram } from '../../../orchestrator/commands/tree.ts';
import { understand } from '../../helpers/command-line.ts';

const root = join(import.meta.dirname, '../../..');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Command lines of a page, without `busbench`: of its blocks of code, and those between backquotes. */
function commandsOf(page: string): readonly string[] {
  const blocks = [...page.matchAll(/^```\w*\n(.*?)^```/gms)].map(([, code = '']) => code);
  const quoted = page.matchAll(/`(?:busbench|npm start (?:--silent )?--) ([^`\n]*)`/g);
  return [...blocks.flatMap(linesOf), ...[...quoted].map(([, line = '']) => line)]
    .map((line) => line.replace(/\s#.*$/, '').trim())
    .filter((line) => !isForm(line));
}

function linesOf(code: string): readonly string[] {
  const started = code.matchAll(/^\s*(?:npx busbench|busbench|npm start (?:--silent )?--) (.*)$/gm);
  const inImage = code.matchAll(/^docker run .* busbench (.*)$/gm);
  return [...started, ...inImage].map(([, line = '']) => line);
}

/** What only shows a form (`<result>...`, `[-o DIR]`, `a / b`) is no command line. */
function isForm(line: string): boolean {
  return /[<[]|\.\.\.|\s\/\s/.test(line);
}

const verbs = new Set(makeProgram().commands.map((command) => command.name()));

describe('every command line that a page shows is understood', () => {
  it.each(pages)('%s', async (page) => {
    for (const line of commandsOf(readFileSync(join(root, page), 'utf8'))) {
      // A verb alone is named, not called: what it asks for is left out.
      if (verbs.has(line)) continue;
      await expect(understand(line), `busbench ${line}`).resolves.toBeUndefined();
    }
  });

  it('and they are found', () => {
    expect(commandsOf(readFileSync(join(root, 'README.md'), 'utf8')).length).toBeGreaterThan(8);
    expect(commandsOf('Try `busbench run x --quiet`.\n')).toEqual(['run x --quiet']);
    expect(linesOf('  npx busbench list > names\nbusbench plan\n')).toEqual([
      'list > names',
      'plan',
    ]);
    expect(commandsOf('busbench measures what it is told\n')).toEqual([]);
    expect(commandsOf('`busbench report <result>... [-o]`')).toEqual([]);
  });
});

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
