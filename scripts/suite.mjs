// Runs vitest and counts what ran. What cannot be known (a file without a report, a test without an end, a runner
// that died) is a failure, never a smaller number of tests.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';

const slowestShown = 10;
const reasonMark = 'SKIPPED: ';

/**
 * Runs `vitest run <args>` in `cwd`; gives the counts, with the failures by name. Calls `say` with whatever else a
 * reader of the counts wants to know; the failures are the caller's to say, last, so that nothing pushes them out of sight.
 */
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
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const fail = (what) => {
    counts.failed += 1;
    counts.failures.push(what);
  };
  for (const module of modules) countModule(module, counts, fail, say);
  const reported = new Set(modules.map(({ name }) => name));
  const expected = lines.find(({ kind }) => kind === 'start')?.modules ?? [];
  for (const name of expected) if (!reported.has(name)) fail(`${name} left no report`);
  const end = lines.find(({ kind }) => kind === 'end');
  for (const error of end?.errors ?? []) fail(`outside of any test: ${error}`);
  if (end === undefined) fail(`the test runner left no report (${signal ?? `exit ${status}`})`);
  else if (status !== 0 && counts.failed === 0) fail(`the test runner ended ${signal ?? status}`);
  for (const line of condenseSkipped(modules)) say(line);
  const slowest = modules.toSorted((a, b) => b.ms - a.ms).slice(0, slowestShown);
  if (slowest.length > 1)
    say(
      `slowest: ${slowest.map(({ name, ms }) => `${name} ${(ms / 1e3).toFixed(1)} s`).join(', ')}`,
    );
  return counts;
}

/**
 * The counts of a suite and of the checks before it (`{ name, ok }`) as one, and the lines that end it: every failure by
 * name, then, last, `N passed, N failed, N skipped`.
 */
export function close(counts, checks) {
  const failures = [...checks.filter(({ ok }) => !ok).map(({ name }) => name), ...counts.failures];
  const passed = counts.passed + checks.filter(({ ok }) => ok).length;
  const failed = counts.failed + checks.filter(({ ok }) => !ok).length;
  return {
    ok: failed === 0 && counts.passed > 0,
    failures: failures.map((name) => `failed: ${name}`),
    line: `${passed} passed, ${failed} failed, ${counts.skipped} skipped`,
  };
}

function countModule({ name, state, errors, tests }, counts, fail, say) {
  const failedBefore = counts.failed;
  for (const test of tests) {
    const full = `${name} > ${test.name}`;
    if (test.state === 'passed') counts.passed += 1;
    else if (test.state === 'skipped') counts.skipped += 1;
    else fail(test.state === 'failed' ? full : `${full} never ended`);
    if (test.state === 'passed' && test.flaky) say(`passed only on its retry: ${full}`);
  }
  // A file that cannot be loaded, or whose hook fails, has no test to fail and is a failure all the same.
  if ((errors > 0 || !['passed', 'skipped'].includes(state)) && counts.failed === failedBefore)
    fail(`${name} (${errors > 0 ? 'could not be loaded or set up' : state})`);
}

/**
 * One line for all that was skipped for the same reason: a file says it in a test named `SKIPPED: <reason>`. A file that
 * gives none has a line with the first name of its own.
 */
function condenseSkipped(modules) {
  const groups = new Map();
  for (const { name, tests } of modules) {
    const skipped = tests.filter(({ state }) => state === 'skipped').map((test) => test.name);
    const [first] = skipped;
    if (first === undefined) continue;
    const reasons = skipped.filter((test) => test.startsWith(reasonMark));
    const others = skipped.length > 1 ? ` and ${skipped.length - 1} more` : '';
    const why =
      reasons.length > 0
        ? [...new Set(reasons.map((test) => test.slice(reasonMark.length)))].join('; ')
        : `${first}${others}`;
    const key = reasons.length > 0 ? why : name;
    const group = groups.get(key) ?? { why, count: 0, files: [] };
    group.count += skipped.length;
    group.files.push(name);
    groups.set(key, group);
  }
  return [...groups.values()].map(
    ({ why, count, files }) => `skipped: ${count} in ${files.join(', ')}: ${why}`,
  );
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
