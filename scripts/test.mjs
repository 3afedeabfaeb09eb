// `npm test`: sets up, installs the real parts that Debian packages when we may, lints, type-checks, runs every
// test, and closes with the plain line `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, say, setUp } from './setup.mjs';

/** Debian package -> a program that shows it is there. */
const parts = {
  'rabbitmq-server': '/usr/lib/rabbitmq',
  'openssh-server': '/usr/sbin/sshd',
  chromium: '/usr/bin/chromium',
  iproute2: '/sbin/ip',
  'iputils-ping': '/bin/ping',
  iptables: '/usr/sbin/iptables',
  iperf3: '/usr/bin/iperf3',
};

setUp();
installParts();
const checks = [
  ['types', ['node_modules/typescript/bin/tsc', '--noEmit']],
  ['lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']],
  ['dead code', ['node_modules/knip/bin/knip.js']],
].map(([name, args]) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) say(`${name}: FAILED`);
  return status === 0;
});
const counts = runTests();
for (const ok of checks) counts[ok ? 'passed' : 'failed'] += 1;
process.stdout.write(
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);

function installParts() {
  const missing = Object.keys(parts).filter((name) => !existsSync(parts[name]));
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    say(`not installed, their tests will be skipped: ${missing.join(', ')}; as root: ${command}`);
    return;
  }
  say(`installing ${missing.join(', ')} ...`);
  // Packages must not start services: this policy says so for as long as apt runs (Debian policy 9.3.3).
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const options = { env, stdio: ['ignore', 'ignore', 2] };
    spawnSync('apt-get', ['update', '-qq'], options);
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], options);
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
  const still = missing.filter((name) => !existsSync(parts[name]));
  if (still.length > 0) say(`could not install ${still.join(', ')}; their tests will be skipped`);
}

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'busbench-test-'));
  const report = join(folder, 'report.json');
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    const seen = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed = seen.numPassedTests;
    counts.failed = seen.numFailedTests;
    counts.skipped = seen.numPendingTests + seen.numTodoTests;
    // A file that cannot be loaded has no tests to fail, and is a failure all the same.
    const broken = seen.testResults.filter(
      (file) =>
        file.status === 'failed' && file.assertionResults.every((t) => t.status !== 'failed'),
    );
    counts.failed += broken.length;
    for (const file of seen.testResults) {
      for (const test of file.assertionResults) {
        if (test.status === 'skipped' || test.status === 'pending')
          say(`skipped: ${test.fullName}`);
      }
    }
  } catch (error) {
    say(`the test runner left no report: ${error.message}`);
  }
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  rmSync(folder, { recursive: true, force: true });
  return counts;
}
