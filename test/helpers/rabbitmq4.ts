import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { rabbitmqBus } from '../../orchestrator/buses/rabbitmq/rabbitmq.ts';
import { busWith } from './buses.ts';

const run = promisify(execFile);

/** Where Debian 13, with the RabbitMQ 4 it packages, is kept between runs of the tests. */
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'busbench-tests');
const root = join(cache, 'trixie-rabbitmq');
const buildMs = 300_000;

/** A RabbitMQ 4 for BUSBENCH_RABBITMQ (null: the machine's own is one), or why there is none. */
export type Rabbitmq4 = { readonly home: string | null } | { readonly missing: string };

/**
 * Where the machine has an older one, Debian 13 is put into a folder of its own, which takes a minute the first time,
 * and its RabbitMQ run in there.
 */
export async function rabbitmq4(): Promise<Rabbitmq4> {
  const found = await rabbitmqBus.found?.();
  if (found !== undefined && Number.parseInt(found, 10) >= 4) return { home: null };
  const lacks = await rabbitmqBus.available(busWith('rabbitmq', {}, ['paris']));
  // Its epmd serves both.
  if (lacks !== null) return { missing: `${lacks.missing}. ${lacks.hint}` };
  if (process.getuid?.() !== 0)
    return { missing: 'no RabbitMQ 4: root can take it from Debian 13' };
  try {
    if (!existsSync(root)) await build();
    return { home: await wrap() };
  } catch (error) {
    const { message } = error as Error;
    const hint = 'apt-get install debootstrap; it needs a Debian mirror, as apt uses.';
    return { missing: `no RabbitMQ 4 from Debian 13: ${message.slice(0, 500)}. ${hint}` };
  }
}

/** Half a root would be taken for a whole one: it gets its name when it is done. */
async function build(): Promise<void> {
  const building = `${root}.${process.pid}`;
  process.stderr.write(
    `busbench test: no RabbitMQ 4 here; installing Debian 13's with debootstrap and apt, into ${root} alone\n`,
  );
  await mkdir(cache, { recursive: true });
  try {
    const options = { timeout: buildMs, maxBuffer: 2 ** 26 };
    await run('debootstrap', ['--variant=minbase', 'trixie', building, mirror()], options);
    // Packages must not start services (Debian policy 9.3.3).
    const policy = join(building, 'usr/sbin/policy-rc.d');
    await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    const install = `cd "$1" && ${mounts('.')} && DEBIAN_FRONTEND=noninteractive chroot . sh -c '
      apt-get update -qq && apt-get install -y -qq --no-install-recommends rabbitmq-server && apt-get clean'`;
    await run('unshare', ['--mount', 'sh', '-c', install, 'sh', building], options);
    await rename(building, root);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

/** The one that apt gets this machine's own packages from. */
function mirror(): string {
  const told = execFileSync('apt-get', ['indextargets', '--format', '$(SITE) $(ORIGIN)']);
  const lines = told.toString().split('\n');
  const [site] = lines.filter((line) => / Debian$/.test(line) && !/security/.test(line));
  return site?.split(' ')[0] ?? 'http://deb.debian.org/debian';
}

function mounts(into: string): string {
  return ['proc', 'sys', 'dev'].map((dir) => `mount --rbind /${dir} ${into}/${dir}`).join(' && ');
}

/** An installation as busbench looks for one: programs that run in the root, which sees our temporary folder. */
async function wrap(): Promise<string> {
  const lib = join(root, 'usr/lib/rabbitmq/lib');
  const [version] = await readdir(lib);
  if (version === undefined) throw new Error(`nothing in ${lib}`);
  const home = join(cache, 'rabbitmq');
  await rm(home, { recursive: true, force: true });
  await mkdir(join(home, 'sbin'), { recursive: true });
  await symlink(join(lib, version, 'plugins'), join(home, 'plugins'));
  const seen = [...new Set([tmpdir(), '/tmp'])].map(
    (dir) => `mkdir -p "$root${dir}" && mount --rbind "${dir}" "$root${dir}"`,
  );
  for (const program of ['rabbitmq-server', 'rabbitmqctl']) {
    const inside = join('/', dirname(join('usr/lib/rabbitmq/lib', version, 'x')), 'sbin', program);
    const script = `#!/bin/sh
# Nothing of these mounts is seen outside, and they go with the program.
exec unshare --mount sh -c '
  root=$0; ${mounts('"$root"')} && ${seen.join(' && ')} && exec chroot "$root" ${inside} "$@"' '${root}' "$@"
`;
    const path = join(home, 'sbin', program);
    await writeFile(path, script);
    await chmod(path, 0o755);
  }
  return home;
}
