import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  type EmulationMode,
  emulationModes,
} from '../../../../orchestrator/fabrics/namespaces/emulation-modes.ts';
import { programPath } from '../../../../orchestrator/processes/program.ts';
import { isInstalled, isRoot } from '../../../helpers/namespaces.ts';

const run = promisify(execFile);

const modesFile = JSON.stringify(programPath('orchestrator/fabrics/namespaces/emulation-modes'));
const fabricFile = JSON.stringify(programPath('orchestrator/fabrics/namespaces/namespaces'));

/** Somebody without any right: as root we play nobody, else we are somebody already. */
const unprivileged = 65_534;

async function asOrdinaryUser(script: string): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'busbench-rootless-'));
  await chmod(home, 0o777);
  const node = [process.execPath, '--input-type=module', '-e', script];
  const drop = ['setpriv', `--reuid=${unprivileged}`, `--regid=${unprivileged}`, '--clear-groups'];
  const [file = '', ...args] = isRoot ? [...drop, ...node] : node;
  const env = { PATH: process.env['PATH'], HOME: home, TMPDIR: home };
  try {
    return (await run(file, args, { env, cwd: home, timeout: 30_000 })).stdout;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function whyNotRootless(): Promise<string | null> {
  const mode = (await emulationModes()).find(({ name }) => name === 'rootless');
  if (mode?.ok !== true) return `rootless needs ${mode?.reason}: ${mode?.hint}`;
  if (isRoot && !isInstalled('setpriv')) {
    return 'setpriv is not installed: apt-get install util-linux';
  }
  const readable = asOrdinaryUser(`await import(${modesFile});`).then(
    () => true,
    () => false,
  );
  return (await readable) ? null : 'an ordinary user cannot read this project: put it elsewhere';
}

const noRootless = await whyNotRootless();
if (noRootless !== null) test(`SKIPPED: ${noRootless}`, ({ skip }) => skip());

test('the four ways, best first, each with what it gives or what would mend it', async () => {
  const modes = await emulationModes();
  expect(modes.map(({ name }) => name)).toEqual([
    'root + netem',
    'root + nfqueue',
    'rootless',
    'loopback only',
  ]);
  for (const { ok, reason, hint } of modes) {
    expect(reason).not.toBe('');
    expect(hint === null).toBe(ok);
  }
  if (isRoot) expect(modes.map(({ reason }) => reason)).not.toContain('root');
});

describe.skipIf(noRootless !== null)('as an ordinary user', () => {
  test('root is what the first two ways lack, and the third is there', async () => {
    const script = `import { emulationModes } from ${modesFile}; console.log(JSON.stringify(await emulationModes()));`;
    const modes: readonly EmulationMode[] = JSON.parse(await asOrdinaryUser(script));
    expect(modes.map(({ ok }) => ok)).toEqual([false, false, true, true]);
    expect(modes[0]?.hint).toContain('sudo');
  });

  test('the whole fabric works, and nothing of it is left', async () => {
    const script = `import { namespaces } from ${fabricFile};
      const link = { delayMs: 15, jitterMs: 0, lossPercent: 0, rateMbps: null };
      const links = [{ from: 'a', to: 'b', ...link }, { from: 'b', to: 'a', ...link }];
      const sites = ['a', 'b'].map((name) => ({ name, hosts: [] }));
      const here = process.env.TMPDIR;
      const run = { runId: 'rootless', scratch: here + '/scratch', logs: here + '/logs' };
      const never = new AbortController().signal;
      const fabric = await namespaces.make({ sites, links }, run, never);
      const samples = await fabric.measure(100, never);
      const traffic = await fabric.traffic();
      const troubles = await fabric.troubles();
      const pids = fabric.processes.map(({ process }) => process.pid);
      await fabric[Symbol.asyncDispose]();
      console.log(JSON.stringify({ samples, traffic, troubles, pids, environment: fabric.environment }));`;
    const seen = JSON.parse(await asOrdinaryUser(script));
    expect(seen.environment).toMatchObject({ privilege: 'rootless' });
    expect(seen.troubles.map(({ code }: { code: string }) => code)).not.toContain('ENGINE_DROPS');
    for (const { rttMinMs, lostProbes } of seen.samples) {
      expect(rttMinMs).toBeGreaterThanOrEqual(29.9);
      // Without a real-time class a busy machine delays at will; only the lower bound is sharp.
      expect(rttMinMs).toBeLessThan(1_000);
      expect(lostProbes).toBe(0);
    }
    expect(seen.traffic.filter(({ bytes }: { bytes: number }) => bytes > 0)).toHaveLength(2);
    for (const pid of seen.pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
