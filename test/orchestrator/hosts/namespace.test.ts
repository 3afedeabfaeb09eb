import { mkdtemp, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeNamespace } from '../../../orchestrator/fabrics/namespaces/network-namespace.ts';
import type { Host } from '../../../orchestrator/hosts/host.ts';
import { namespaceHost } from '../../../orchestrator/hosts/namespace.ts';
import { markOf, newOwner } from '../../../orchestrator/processes/owner.ts';
import { endOwned } from '../../../orchestrator/processes/stale.ts';
import { eventually, hostContract } from '../../contract/host.ts';
import { isRoot, namespacesMissing } from '../../helpers/namespaces.ts';

if (namespacesMissing !== null) test(`SKIPPED: ${namespacesMissing}`, ({ skip }) => skip());

describe.skipIf(namespacesMissing !== null)('host namespace', () => {
  hostContract('namespace', makeHost);

  test('a process is in the namespace under its own pid, and so are its children', async () => {
    const { host, base, dispose } = await makeHost();
    onTestFinished(dispose);
    const child = await host.spawn(['sleep', '300'], { stdio: 'log', logFile: join(base, 'log') });
    await eventually(async () => (await readlink(`/proc/${child.pid}/exe`)).endsWith('/sleep'));
    expect(await readlink(`/proc/${child.pid}/ns/net`)).not.toBe(
      await readlink('/proc/self/ns/net'),
    );
    await child.end(1_000);
  });
});

async function makeHost(): Promise<{
  readonly host: Host;
  readonly base: string;
  dispose(): Promise<void>;
}> {
  const base = await mkdtemp(join(tmpdir(), 'busbench-namespace-'));
  const owner = newOwner('test');
  const space = await makeNamespace({
    label: 'busbench-test',
    privilege: isRoot ? 'root' : 'rootless',
    mark: markOf(owner),
    first: null,
    logFile: join(base, 'namespace.log'),
  });
  const place = { name: 'paris', site: 'paris', address: '127.0.0.1' };
  const host = await namespaceHost({ ...place, directory: join(base, 'paris') }, space);
  await host.run(['ip', 'link', 'set', 'lo', 'up'], {
    stdio: 'pipe',
    logFile: join(base, 'log'),
    timeoutMs: 5_000,
  });
  return {
    host,
    base,
    async dispose() {
      await endOwned(owner);
      await rm(base, { recursive: true, force: true });
    },
  };
}
