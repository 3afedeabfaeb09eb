// Runs vitest and counts what ran. What cannot be known (a file without a report, a test without an end, a runner
// that died) is a failure, never a smaller number of tests.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';

const slowestShown = 10;

/** Runs `vitest run <args>` in `cwd`; calls `say` with each name that a reader of the counts wants to know. */
export function runSuite(args, cwd, say) {
  const folder = mkdtempSync(join(tmpdir(), 'busbench-test-'));
  const report = join(folder, 'report.jsonl');
  const reporter = join(root, 'scripts', 'suite-reporter.mjs');
  try {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const { status, signal } = spawnSync(
      process.execPath,
      [vitest, 'run', '--reporter=default', `--reporter=${reporter}`, ...args],
      // The runner's own text goes to stderr: stdout carries the closing line alone.
      { cwd, stdio: ['ignore', 2, 2], env: { ...process.env, BUSBENCH_SUITE_REPORT: report } },
    );
    const text = existsSync(report) ? readFileSync(report, 'utf8') : '';
    return countReport(text, { status, signal }, say);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Counts of a report as `suite-reporter.mjs` writes it, and of how its runner ended. */
export function countReport(text, { status, signal }, say) {
  const lines = readLines(text);
  const modules = lines.filter(({ kind }) => kind === 'module');
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const fail = (what) => {
    counts.failed += 1;
    say(`failed: ${what}`);
  };
  for (const module of modules) countModule(module, counts, fail, say);
  const reported = new Set(modules.map(({ name }) => name));
  const expected = lines.find(({ kind }) => kind === 'start')?.modules ?? [];
  for (const name of expected) if (!reported.has(name)) fail(`${name} left no report`);
  const end = lines.find(({ kind }) => kind === 'end');
  for (const error of end?.errors ?? []) fail(`outside of any test: ${error}`);
  if (end === undefined) fail(`the test runner left no report (${signal ?? `exit ${status}`})`);
  else if (status !== 0 && counts.failed === 0) fail(`the test runner ended ${signal ?? status}`);
  const slowest = modules.toSorted((a, b) => b.ms - a.ms).slice(0, slowestShown);
  if (slowest.length > 1)
    say(
      `slowest: ${slowest.map(({ name, ms }) => `${name} ${(ms / 1e3).toFixed(1)} s`).join(', ')}`,
    );
  return counts;
}

function countModule({ name, state, errors, tests }, counts, fail, say) {
  const failedBefore = counts.failed;
  for (const test of tests) {
    const full = `${name} > ${test.name}`;
    if (test.state === 'passed') counts.passed += 1;
    else if (test.state === 'skipped') {
      counts.skipped += 1;
      say(`skipped: ${full}`);
    } else fail(test.state === 'failed' ? full : `${full} never ended`);
    if (test.state === 'passed' && test.flaky) say(`passed only on its retry: ${full}`);
  }
  // A file that cannot be loaded, or whose hook fails, has no test to fail and is a failure all the same.
  if ((errors > 0 || !['passed', 'skipped'].includes(state)) && counts.failed === failedBefore)
    fail(`${name} (${errors > 0 ? 'could not be loaded or set up' : state})`);
}

/** The last line of a runner that was killed may be cut short. */
function readLines(text) {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}
