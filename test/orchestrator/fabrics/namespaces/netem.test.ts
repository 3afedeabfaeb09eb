import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  changeCommand,
  directionCommands,
  parseCounters,
  rootCommand,
  segmentCommand,
} from '../../../../orchestrator/fabrics/namespaces/netem-commands.ts';
import {
  buildSiteNetwork,
  type SiteNetwork,
} from '../../../../orchestrator/fabrics/namespaces/site-network.ts';
import { newOwner } from '../../../../orchestrator/processes/owner.ts';
import { endOwned } from '../../../../orchestrator/processes/stale.ts';
import type { LinkShape } from '../../../../topologies/topology.ts';
import { topologyOf } from '../../../contract/fabric.ts';
import { isInstalled, isRoot, namespacesMissing } from '../../../helpers/namespaces.ts';

// netem itself is not in every kernel. What we say to tc and read from it is tested without; that tc takes it, and
// that all but netem's own leaf does what we mean, is tested with the real program.

const noTc =
  namespacesMissing ?? (isInstalled('tc') ? null : 'tc is not installed: apt-get install iproute2');
if (noTc !== null) test(`SKIPPED: ${noTc}`, ({ skip }) => skip());

const perfect: LinkShape = { delayMs: 0, jitterMs: 0, lossPercent: 0, rateMbps: null };
const second = { source: 2, destination: 11 };
const leafOf = (shape: Partial<LinkShape>): string =>
  directionCommands(second, { ...perfect, ...shape })[1] ?? '';

describe('commands', () => {
  test('a class for each source, told by its network, with netem below', () => {
    expect(rootCommand(11)).toBe('qdisc add dev site11 root handle 1: htb default 0');
    expect(
      directionCommands({ source: 10, destination: 11 }, { ...perfect, delayMs: 12.5 }),
    ).toEqual([
      'class add dev site11 parent 1: classid 1:a htb rate 100gbit quantum 200000',
      'qdisc add dev site11 parent 1:a handle 1a: netem limit 200000 delay 12500us',
      'filter add dev site11 parent 1: protocol ip prio 1 u32 match ip src 10.99.10.0/24 flowid 1:a',
    ]);
  });

  test('a rate has room for what is under way and 100 ms of queue', () => {
    expect(leafOf({ delayMs: 50, rateMbps: 100 })).toBe(
      'qdisc add dev site11 parent 1:2 handle 12: netem limit 1250 delay 50000us rate 100000000bit',
    );
    expect(leafOf({ rateMbps: 0.5 })).toContain('netem limit 100 delay 0us rate 500000bit');
  });

  test('jitter comes with a rate, without which netem reorders', () => {
    expect(leafOf({ delayMs: 20, jitterMs: 2 })).toContain(
      'delay 20000us 2000us distribution normal rate 100gbit',
    );
  });

  test('loss by itself, and in bursts', () => {
    expect(leafOf({ lossPercent: 0.1 })).toMatch(/delay 0us loss random 0\.1%$/);
    // Bad lasts 4 packets: left with 25 %; entered so that 20 % of all packets are lost.
    expect(leafOf({ lossPercent: 20, lossBurst: 4 })).toMatch(/loss gemodel 6\.25% 25%$/);
    expect(leafOf({ lossPercent: 100, lossBurst: 4 })).toMatch(/loss random 100%$/);
  });

  test('a change names all values again, and a cut loses everything', () => {
    const shape = { ...perfect, delayMs: 5, lossPercent: 1 };
    const head = 'qdisc change dev site11 parent 1:2 handle 12: netem limit 200000 delay 5000us';
    expect(changeCommand(second, shape, false)).toBe(`${head} loss random 1%`);
    expect(changeCommand(second, shape, true)).toBe(`${head} loss random 100%`);
  });

  test('packets of wire size, and as the kernel likes them', () => {
    expect(segmentCommand(true)).toBe('link set wan0 gso_max_size 1500 gso_max_segs 1');
    expect(segmentCommand(false)).toBe('link set wan0 gso_max_size 65536 gso_max_segs 65535');
  });
});

describe('counters', () => {
  const fixture = readFileSync(
    join(import.meta.dirname, '../../../fixtures/tc-qdisc.json'),
    'utf8',
  );

  test('each leaf of ours by its direction, without Ethernet headers', () => {
    expect(parseCounters(fixture)).toEqual([
      { source: 2, destination: 1, packets: 1_000, bytes: 1_400_000, drops: 7 },
      { source: 10, destination: 1, packets: 3, bytes: 252, drops: 0 },
      { source: 1, destination: 2, packets: 0, bytes: 0, drops: 0 },
    ]);
  });

  test('what is not that is an error, not a zero', () => {
    expect(() => parseCounters('{}')).toThrow('expected a list');
    expect(() => parseCounters('[{"kind":"netem","dev":"site1","parent":"1:2"}]')).toThrow(
      'expected packets, bytes and drops',
    );
  });
});

describe.skipIf(noTc !== null)('the real tc', () => {
  async function networkOf(sites: readonly string[]): Promise<SiteNetwork> {
    const base = await mkdtemp(join(tmpdir(), 'busbench-netem-'));
    const owner = newOwner('netem');
    onTestFinished(async () => {
      await endOwned(owner);
      await rm(base, { recursive: true, force: true });
    });
    const run = { runId: 'netem', scratch: join(base, 's'), logs: join(base, 'l') };
    return buildSiteNetwork(topologyOf(sites), run, owner, isRoot ? 'root' : 'rootless');
  }

  const tc = (network: SiteNetwork, command: string): Promise<string> =>
    network.router.run(['tc', ...command.split(' ')], {
      stdio: 'pipe',
      logFile: network.logFile,
      timeoutMs: 10_000,
    });

  test('understands every netem we write: a kernel without netem is all it may complain about', async () => {
    const network = await networkOf(['a', 'b']);
    await tc(network, rootCommand(2));
    const shapes: readonly Partial<LinkShape>[] = [
      { delayMs: 12.5 },
      { delayMs: 20, jitterMs: 2 },
      { lossPercent: 0.1, rateMbps: 0.5 },
      { lossPercent: 20, lossBurst: 4, delayMs: 150, jitterMs: 10, rateMbps: 1_000 },
    ];
    for (const [i, shape] of shapes.entries()) {
      const direction = { source: i + 1, destination: 2 };
      const [makeClass = '', leaf = '', filter = ''] = directionCommands(direction, {
        ...perfect,
        ...shape,
      });
      await tc(network, makeClass);
      const said = await tc(network, leaf).catch((error: Error) => error.message);
      if (said !== '') expect(said).toContain('Specified qdisc kind is unknown');
      await tc(network, filter);
    }
    await expect(
      tc(network, `${leafOf({}).replace('site11', 'site2')} dellay 1ms`),
    ).rejects.toThrow('What is "dellay"?');
  });

  test('each direction passes its own leaf and is counted there, whatever hangs in it', async () => {
    const network = await networkOf(['a', 'b', 'c']);
    for (const destination of [1, 2, 3]) {
      await tc(network, rootCommand(destination));
      for (const source of [1, 2, 3].filter((other) => other !== destination)) {
        const commands = directionCommands({ source, destination }, perfect);
        for (const command of commands) {
          await tc(network, command.replace(/netem .*/, 'pfifo limit 1000'));
        }
      }
    }
    const [a] = network.sites;
    const options = { stdio: 'pipe', logFile: network.logFile, timeoutMs: 10_000 } as const;
    await a?.run(['ping', '-c', '5', '-i', '0.01', '-s', '100', '10.99.2.2'], options);
    const rows = parseCounters(await tc(network, '-s -j qdisc show'));
    expect(rows).toHaveLength(6);
    const busy = rows.filter(({ packets }) => packets > 0);
    expect(busy.toSorted((x, y) => x.source - y.source)).toEqual([
      { source: 1, destination: 2, packets: 5, bytes: 5 * 128, drops: 0 },
      { source: 2, destination: 1, packets: 5, bytes: 5 * 128, drops: 0 },
    ]);
  });

  test('takes the sizes that make packets leave at wire size', async () => {
    const network = await networkOf(['a']);
    const [site] = network.sites;
    const options = { stdio: 'pipe', logFile: network.logFile, timeoutMs: 10_000 } as const;
    for (const [segments, size] of [
      [true, 'gso_max_size 1500 gso_max_segs 1 '],
      [false, 'gso_max_size 65536 gso_max_segs 65535 '],
    ] as const) {
      await site?.run(['ip', ...segmentCommand(segments).split(' ')], options);
      expect(await site?.run(['ip', '-d', 'link', 'show', 'wan0'], options)).toContain(size);
    }
  });
});
