// `npm test`: sets up, installs the real parts that Debian packages when we may, lints, type-checks, runs every
// test, and closes with the plain line `N passed, N failed, N skipped`. Arguments go to vitest; with
// `--project unit` (`npm run test:unit`) nothing real is needed, and nothing is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { root, say, setUp } from './setup.mjs';
import { close, runSuite } from './suite.mjs';

/** Debian package -> a program that shows it is there. */
const parts = {
  'rabbitmq-server': '/usr/lib/rabbitmq',
  'openssh-server': '/usr/sbin/sshd',
  chromium: '/usr/bin/chromium',
  faketime: '/usr/bin/faketime',
  iproute2: '/sbin/ip',
  'iputils-ping': '/bin/ping',
  iptables: '/usr/sbin/iptables',
  iperf3: '/usr/bin/iperf3',
  debootstrap: '/usr/sbin/debootstrap',
};

const args = process.argv.slice(2);
setUp();
if (!args.join('=').includes('--project=unit')) installParts();
const checks = [
  ['types', ['node_modules/typescript/bin/tsc', '--noEmit']],
  ['lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']],
  ['dead code', ['node_modules/knip/bin/knip.js']],
].map(([name, check]) => {
  // Their text goes to stderr: stdout carries the closing line alone.
  const { status } = spawnSync(process.execPath, check, { cwd: root, stdio: ['ignore', 2, 2] });
  return { name, ok: status === 0 };
});
const end = close(runSuite(args, root, say), checks);
for (const failure of end.failures) say(failure);
process.stdout.write(`${end.line}\n`);
process.exit(end.ok ? 0 : 1);

function installParts() {
  const missing = Object.keys(parts).filter((name) => !existsSync(parts[name]));
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    say(`not installed, their tests will be skipped: ${missing.join(', ')}; as root: ${command}`);
    return;
  }
  say(
    `the tests want real parts that are missing here; installing now, with no service started: ${command}`,
  );
  say('(npm run test:unit needs none of them and installs nothing)');
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
