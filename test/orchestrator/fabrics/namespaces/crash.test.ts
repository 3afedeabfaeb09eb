import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { claimedDirectories, markedProcesses } from '../../../../orchestrator/processes/owner.ts';
import { programPath } from '../../../../orchestrator/processes/program.ts';
import { removeStale } from '../../../../orchestrator/processes/stale.ts';
import { topologyOf } from '../../../contract/fabric.ts';
import { defined, eventually } from '../../../contract/host.ts';
import { busbench, scratchFolder, startBusbench } from '../../../helpers/cli.ts';
import { fabricOf, namespacesMissing } from '../../../helpers/namespaces.ts';

if (namespacesMissing !== null) test(`SKIPPED: ${namespacesMissing}`, ({ skip }) => skip());

const seed = Date.now() % 100_000;
let drawn = seed;
/** In [0, 1), by the seed that the test's name tells (Lehmer). */
const random = (): number => {
  drawn = (drawn * 48_271) % 2_147_483_647;
  return drawn / 2_147_483_647;
};

/** An orchestrator of our own that makes a fabric and starts a process at a site; says so on stdout. */
async function startOwner(runId: string): Promise<{
  readonly child: ReturnType<typeof spawn>;
  readonly stands: Promise<unknown>;
}> {
  const base = await mkdtemp(join(tmpdir(), `busbench-${runId}-`));
  onTestFinished(() => rm(base, { recursive: true, force: true }));
  const logs = await mkdtemp(join(tmpdir(), 'busbench-logs-'));
  onTestFinished(() => rm(logs, { recursive: true, force: true }));
  const file = JSON.stringify(programPath('orchestrator/fabrics/namespaces/namespaces'));
  const script = `import { namespaces } from ${file};
    const link = { delayMs: 1, jitterMs: 0, lossPercent: 0, rateMbps: null };
    const links = [{ from: 'a', to: 'b', ...link }, { from: 'b', to: 'a', ...link }];
    const sites = ['a', 'b'].map((name) => ({ name, hosts: [] }));
    const run = { runId: ${JSON.stringify(runId)}, scratch: ${JSON.stringify(base)}, logs: ${JSON.stringify(logs)} };
    const fabric = await namespaces.make({ sites, links }, run, new AbortController().signal);
    // A session of its own: a process that nobody who kills groups will reach.
    const stray = ['sh', '-c', 'setsid sleep 600 & sleep 0.3'];
    const child = await fabric.hosts[0].spawn(stray, { stdio: 'log', logFile: run.logs + '/log' });
    await child.exited;
    await fabric.hosts[1].spawn(['sleep', '600'], { stdio: 'log', logFile: run.logs + '/log' });
    console.log('stands');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const stands = once(createInterface({ input: defined(child.stdout) }), 'line');
  stands.catch(() => {});
  return { child, stands };
}

const processesOf = (runId: string): number =>
  markedProcesses().filter(({ owner }) => owner.runId === runId).length;

const directoriesOf = (runId: string): number =>
  claimedDirectories().filter(({ owner }) => owner.runId === runId).length;

/** With its last process a namespace goes, and with it all that was in it. */
const leftBy = (runId: RegExp): readonly object[] =>
  [...markedProcesses(), ...claimedDirectories()].filter(({ owner }) => runId.test(owner.runId));

/** The shell that kills what an orchestrator started. */
function guardianOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  const guardian = children.find((child) =>
    readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('read -r sign group'),
  );
  return Number(defined(guardian));
}

describe.skipIf(namespacesMissing !== null)('when something dies', () => {
  test('kill -9 of an orchestrator leaves only what strayed, and the next start removes that', async () => {
    const owner = await startOwner('stray');
    await owner.stands;
    const before = processesOf('stray');
    expect(before).toBeGreaterThan(4);
    owner.child.kill('SIGKILL');
    // None where another run on this machine has started, and removed it, meanwhile.
    await eventually(() => processesOf('stray') <= 1);
    await removeStale();
    expect([processesOf('stray'), directoriesOf('stray')]).toEqual([0, 0]);
  });

  test('with its guardian killed too, all that is left is found, and a live run is not touched', async () => {
    const [live, dead] = [await startOwner('live'), await startOwner('dead')];
    await Promise.all([live.stands, dead.stands]);
    const alive = processesOf('live');
    process.kill(guardianOf(defined(dead.child.pid)), 'SIGKILL');
    dead.child.kill('SIGKILL');
    await once(dead.child, 'exit');
    expect(await removeStale()).not.toContain('live');
    expect([processesOf('dead'), directoriesOf('dead')]).toEqual([0, 0]);
    expect([processesOf('live'), directoriesOf('live')]).toEqual([alive, 1]);
    live.child.kill('SIGKILL');
    await once(live.child, 'exit');
    await removeStale();
  });

  test(`sixteen orchestrators killed while they build or stand leave nothing (seed ${seed})`, async () => {
    for (let i = 0; i < 16; i++) {
      const { child } = await startOwner(`killed${i}`);
      await sleep(900 * random());
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await eventually(async () => {
      // A process that was being born during one look is found by the next.
      await removeStale();
      return leftBy(/^killed/).length === 0;
    });
    expect(readdirSync('/sys/class/net').filter((name) => /^(site\d|wan0)/.test(name))).toEqual([]);
  }, 90_000);

  test(`four whole runs killed at any moment leave nothing after the next start (seed ${seed})`, async () => {
    await using folder = await scratchFolder();
    const args = (i: number): string[] => [
      ...['run', 'quickstart', '--set', 'fabric=namespaces', '-o', join(folder.path, `run${i}`)],
    ];
    const pids: (number | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      const { child, finished } = startBusbench(args(i));
      pids.push(child.pid);
      await sleep(1_000 + 6_000 * random());
      child.kill('SIGKILL');
      await finished;
    }
    const last = await busbench([
      ...args(4),
      ...['--set', 'phases.warmup=0s', '--set', 'phases.measure=1s'],
    ]);
    expect([0, 4]).toContain(last.code);
    const left = [...markedProcesses(), ...claimedDirectories()];
    expect(left.filter(({ owner }) => pids.includes(owner.pid))).toEqual([]);
    expect(await last.leftovers()).toEqual([]);
  }, 120_000);

  test('a killed engine fails closed and is named in every later call', async () => {
    const { fabric, at, hosts } = await fabricOf(topologyOf(['a', 'b']));
    const address = defined(hosts[1]).address;
    const ping = (): Promise<string> =>
      at(0, 'sh', '-c', 'ping -n -q -c 3 -i 0.1 -W 1 "$0" || [ $? -eq 1 ]', address);
    expect(await ping()).toContain('3 received');
    const engine = defined(fabric.processes[0]).process;
    await engine.signal('SIGKILL');
    await engine.exited;
    expect(await ping()).toContain(' 0 received');
    await expect(fabric.shape('a', 'b', { delayMs: 1 })).rejects.toMatchObject({
      code: 'NAMESPACES_ENGINE_ENDED',
      message: expect.stringContaining('SIGKILL'),
    });
    await expect(fabric.traffic()).rejects.toMatchObject({ code: 'NAMESPACES_ENGINE_ENDED' });
  });

  test('packets that a stopped engine could not take are counted, and make the run invalid', async () => {
    const { fabric, at, hosts } = await fabricOf(topologyOf(['a', 'b']));
    const address = defined(hosts[1]).address;
    const engine = defined(fabric.processes[0]).process;
    const flood = `const socket = require('node:dgram').createSocket('udp4');
      socket.connect(9, '${address}', async () => {
        for (let i = 0; i < 200; i++) {
          for (let j = 0; j < 1000; j++) socket.send('x');
          await new Promise(setImmediate);
        }
        socket.close();
      });`;
    await fabric.troubles();
    await engine.signal('SIGSTOP');
    await at(0, process.execPath, '-e', flood);
    await engine.signal('SIGCONT');
    await at(0, 'ping', '-n', '-c', '3', '-i', '0.2', address);
    const dropped = (await fabric.troubles()).find(({ code }) => code === 'ENGINE_DROPS');
    expect(dropped?.value).toBeGreaterThan(1_000);
    expect(dropped?.invalidates).toBe(true);
    expect((await fabric.troubles()).map(({ code }) => code)).not.toContain('ENGINE_DROPS');
  });

  test('a run whose engine is killed fails and says so', async () => {
    await using folder = await scratchFolder();
    const { child, said, finished } = startBusbench([
      ...['run', 'quickstart', '--set', 'fabric=namespaces', '-o', join(folder.path, 'out')],
    ]);
    await said(/measuring,/);
    const engine = markedProcesses().find(
      ({ pid, owner }) =>
        owner.pid === child.pid &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('engine-main'),
    );
    process.kill(defined(engine).pid, 'SIGKILL');
    const { code, stdout, stderr, leftovers } = await finished;
    expect(stdout + stderr).toMatch(/engine process of the fabric ended \(SIGKILL\)/);
    expect(code).toBe(3);
    expect(await leftovers()).toEqual([]);
  }, 60_000);
});
