import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { defined } from '../../contract/host.ts';

/** Why no machines can be made here, or null. */
export const machinesMissing: string | null =
  process.getuid?.() !== 0
    ? 'machines behind sshd need root for their namespaces'
    : ['/usr/sbin/sshd', '/usr/bin/ssh'].every((file) => existsSync(file))
      ? null
      : 'machines need sshd: apt-get install openssh-server';

/** Machines h1, h2 ... with sshd, and a place among them from where they are driven. */
export interface Machines extends AsyncDisposable {
  /** For the environment of whoever drives them: with this PATH, ssh is one that is on their network, with a key of its own. */
  readonly path: string;
  /** Output of a shell script in the place among them, which is root there. */
  here(script: string): Promise<string>;
  /** Output of a shell script on a machine, by its number from 1. */
  at(machine: number, script: string): Promise<string>;
}

/** Makes machines; everything of them ends with `asyncDispose`, and with this process. */
export async function makeMachines(count: number): Promise<Machines> {
  const scratch = await mkdtemp(join(tmpdir(), 'busbench-machines-'));
  const apart = ['--net', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child'];
  const script = join(import.meta.dirname, 'world.sh');
  const world = spawn('unshare', [...apart, 'bash', script, String(count), scratch], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await Promise.race([
    once(createInterface({ input: world.stdout }), 'line'),
    once(world, 'exit').then(([code]) => [`exit code ${code}`]),
  ]);
  if (line !== 'ready') throw new Error(`no machines: expected "ready", got ${line}`);
  const inside = firstChild(world);
  const bin = join(scratch, 'bin');
  await mkdir(bin);
  const ssh = `#!/bin/sh\nexec nsenter -t ${inside} --net --mount -- /usr/bin/ssh "$@"\n`;
  await writeFile(join(bin, 'ssh'), ssh, { mode: 0o755 });
  const run = async (file: string, ...args: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(file, args, { maxBuffer: 1 << 24 });
    return stdout;
  };
  return {
    path: `${bin}:${process.env['PATH'] ?? ''}`,
    here: (script) => run('nsenter', '-t', String(inside), '-a', '--', 'sh', '-c', script),
    at: (machine, script) => run(join(bin, 'ssh'), '-o', 'BatchMode=yes', `h${machine}`, script),
    async [Symbol.asyncDispose]() {
      const gone = once(world, 'exit');
      world.stdin.end();
      await gone;
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** The first process of the namespaces that `unshare` has made. */
function firstChild({ pid }: ChildProcess): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return Number(defined(children.split(' ')[0]));
}
