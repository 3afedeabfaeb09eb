import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const ended = { status: 0, signal: null };

interface Counted {
  readonly counts: {
    readonly passed: number;
    readonly failed: number;
    readonly skipped: number;
    readonly failures: readonly string[];
  };
  readonly said: readonly string[];
}

/** `scripts/suite.mjs` is what runs before anything is built or typed, so it is used as a program. */
function suite(call: string): Counted {
  const program = `
    import { countReport, runSuite } from ${JSON.stringify(join(root, 'scripts/suite.mjs'))};
    const said = [];
    const say = (text) => said.push(text);
    const counts = ${call};
    process.stdout.write(JSON.stringify({ counts, said }));`;
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(text) as Counted;
}

function count(lines: readonly object[], how: object, cut = ''): Counted {
  const text = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n${cut}`;
  return suite(`countReport(${JSON.stringify(text)}, ${JSON.stringify(how)}, say)`);
}

const passed = { name: 'adds', state: 'passed', flaky: false };
const start = { kind: 'start', modules: ['a.test.ts', 'b.test.ts'] };
const module = (name: string, tests: readonly object[], state = 'passed'): object => ({
  kind: 'module',
  name,
  state,
  errors: 0,
  ms: 1,
  tests,
});
const end = { kind: 'end', errors: [] };

test('a runner that leaves no report is a failure, not a suite without tests', () => {
  const { counts, said } = count([], { status: null, signal: 'SIGKILL' });
  const failures = ['the test runner left no report (SIGKILL)'];
  expect(counts).toEqual({ passed: 0, failed: 1, skipped: 0, failures });
  expect(said).toEqual([]);
});

test('files that a dead runner never reached are failures by name', () => {
  const half = count([start, module('a.test.ts', [passed])], { status: 134, signal: null }, '{"k');
  const failures = ['b.test.ts left no report', 'the test runner left no report (exit 134)'];
  expect(half.counts).toEqual({ passed: 1, failed: 2, skipped: 0, failures });
});

test('an exit code without a failed test, and an error outside of any, are failures', () => {
  const whole = [start, module('a.test.ts', [passed]), module('b.test.ts', [])];
  expect(count([...whole, end], ended).counts.failed).toBe(0);
  expect(count([...whole, end], { status: 1, signal: null }).counts.failed).toBe(1);
  const stray = { kind: 'end', errors: ['write EPIPE'] };
  expect(count([...whole, stray], { status: 1, signal: null }).counts.failures).toEqual([
    'outside of any test: write EPIPE',
  ]);
});

test('what was skipped is a line a reason with its count, over all files that give it', () => {
  const skipped = (name: string): object => ({ name, state: 'skipped', flaky: false });
  const noBroker = skipped('SKIPPED: no rabbitmq-server found');
  const { counts, said } = count(
    [
      { kind: 'start', modules: ['a.test.ts', 'b.test.ts', 'c.test.ts', 'd.test.ts'] },
      module('a.test.ts', [noBroker, skipped('one'), skipped('two'), passed]),
      module('b.test.ts', [noBroker, skipped('three')]),
      module('c.test.ts', [skipped('only on Linux'), skipped('also only there')]),
      module('d.test.ts', [passed]),
      end,
    ],
    ended,
  );
  expect(counts).toEqual({ passed: 2, failed: 0, skipped: 7, failures: [] });
  expect(said.filter((line) => line.startsWith('skipped'))).toEqual([
    'skipped: 5 in a.test.ts, b.test.ts: no rabbitmq-server found',
    'skipped: 2 in c.test.ts: only on Linux and 1 more',
  ]);
});

test('a failed check is counted and named with the failed tests; a suite without a test is no success', () => {
  const closing = (counts: object, checks: readonly object[]): unknown => {
    const program = `
      import { close } from ${JSON.stringify(join(root, 'scripts/suite.mjs'))};
      process.stdout.write(JSON.stringify(close(${JSON.stringify([counts, checks]).slice(1, -1)})));`;
    const args = ['--input-type=module', '-e', program];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  };
  const checks = [
    { name: 'types', ok: true },
    { name: 'lint', ok: false },
  ];
  const counts = { passed: 7, failed: 1, skipped: 2, failures: ['a.test.ts > adds'] };
  expect(closing(counts, checks)).toEqual({
    ok: false,
    failures: ['failed: lint', 'failed: a.test.ts > adds'],
    line: '8 passed, 2 failed, 2 skipped',
  });
  const none = { passed: 0, failed: 0, skipped: 0, failures: [] };
  expect(closing(none, checks.slice(0, 1))).toMatchObject({ ok: false });
  expect(closing({ ...none, passed: 1 }, checks.slice(0, 1))).toMatchObject({ ok: true });
});

test('of a real run everything is counted: crashed files, tests without an end, retries by name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'busbench-suite-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const file = (name: string, body: string): void =>
    writeFileSync(join(folder, name), `import { test, expect } from 'vitest';\n${body}`);
  writeFileSync(join(folder, 'vitest.config.mjs'), 'export default { test: { retry: 1 } };');
  file('good.test.mjs', `test('good', () => {}); test.skip('left out', () => {});`);
  file('flaky.test.mjs', `let n = 0; test('flaky', () => expect(++n).toBe(2));`);
  file('bad.test.mjs', `test('bad', () => expect(1).toBe(2));`);
  file('broken.test.mjs', `throw new Error('cannot be loaded');`);
  file('dies.test.mjs', `test('dies', () => process.kill(process.pid, 'SIGKILL'));`);
  const { counts, said } = suite(`runSuite([], ${JSON.stringify(folder)}, say)`);
  expect(counts).toMatchObject({ passed: 2, skipped: 1 });
  const names = ['bad.test.mjs', 'broken.test.mjs', 'dies.test.mjs'];
  for (const name of names) expect(counts.failures.join('\n')).toContain(name);
  expect(counts.failed).toBeGreaterThanOrEqual(names.length);
  expect(said).toContain('passed only on its retry: flaky.test.mjs > flaky');
  expect(said).toContain('skipped: 1 in good.test.mjs: left out');
}, 60_000);
