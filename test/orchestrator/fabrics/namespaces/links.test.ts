import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { wilsonInterval } from '../../../../reports/reconcile/wan.ts';
import { topologyOf } from '../../../contract/fabric.ts';
import { defined } from '../../../contract/host.ts';
import { fabricOf, isInstalled, namespacesMissing } from '../../../helpers/namespaces.ts';
import { startPeer, type TcpPeer } from '../../../helpers/tcp-peer.ts';

// What the links do, seen by programs that are not ours: ping, iperf3, and a plain TCP echo.

if (namespacesMissing !== null) test(`SKIPPED: ${namespacesMissing}`, ({ skip }) => skip());

const noPing = isInstalled('ping') ? null : 'ping is not installed: apt-get install iputils-ping';
const noIperf = isInstalled('iperf3') ? null : 'iperf3 is not installed: apt-get install iperf3';
if (noPing !== null) test(`SKIPPED: ${noPing}`, ({ skip }) => skip());
if (noIperf !== null) test(`SKIPPED: ${noIperf}`, ({ skip }) => skip());

const never = new AbortController().signal;

interface Pings {
  readonly sent: number;
  readonly received: number;
  /** Sorted. */
  readonly rttsMs: readonly number[];
}

function parsePings(output: string): Pings {
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(output) ?? [];
  const rttsMs = [...output.matchAll(/time=([\d.]+) ms/g)].map((match) => Number(match[1]));
  return {
    sent: Number(sent),
    received: Number(received),
    rttsMs: rttsMs.toSorted((a, b) => a - b),
  };
}

const median = (sorted: readonly number[]): number => sorted[sorted.length >> 1] ?? Number.NaN;

/** ping ends with 1 when nothing comes back, which here is an answer. */
const pingScript = 'ping -n -q "$@" || [ $? -eq 1 ]';
const verbosePing = 'ping -n "$@" || [ $? -eq 1 ]';

describe.skipIf(namespacesMissing !== null)('links between namespaces', () => {
  describe.skipIf(noPing !== null)('by ping', () => {
    test('every pair of five sites has the round trip of its two directions', async () => {
      const sites = ['a', 'b', 'c', 'd', 'e'];
      const delayOf = (i: number, j: number): number => 2 * (i + 1) + 3 * j;
      const shapes = Object.fromEntries(
        sites.flatMap((from, i) =>
          sites.flatMap((to, j) =>
            i === j ? [] : [[`${from}>${to}`, { delayMs: delayOf(i, j) }]],
          ),
        ),
      );
      const { at, hosts } = await fabricOf(topologyOf(sites, shapes));
      for (const i of sites.keys()) {
        const pings = await Promise.all(
          hosts.map(async ({ address }, j) => {
            if (i === j) return null;
            const output = await at(i, 'ping', '-n', '-c', '15', '-i', '0.02', address);
            return { wanted: delayOf(i, j) + delayOf(j, i), ...parsePings(output) };
          }),
        );
        for (const ping of pings.filter((p) => p !== null)) {
          expect(ping.received).toBe(15);
          expect(ping.rttsMs[0]).toBeGreaterThanOrEqual(ping.wanted);
          expect(Math.min(...ping.rttsMs)).toBeLessThan(ping.wanted + 5);
        }
      }
    });

    test('loss is what was asked for, within four standard errors', async () => {
      const shapes = { 'a>b': { delayMs: 2, lossPercent: 20 }, 'b>a': { delayMs: 2 } };
      const { at, hosts } = await fabricOf(topologyOf(['a', 'b'], shapes));
      const address = defined(hosts[1]).address;
      const ping = parsePings(
        await at(
          0,
          'sh',
          '-c',
          pingScript,
          'ping',
          '-c',
          '1000',
          '-i',
          '0.002',
          '-W',
          '1',
          address,
        ),
      );
      expect(ping.sent).toBe(1_000);
      const lost = ping.sent - ping.received;
      expect(Math.abs(lost - 200)).toBeLessThan(4 * Math.sqrt(1_000 * 0.2 * 0.8));
    });

    test('losses in bursts come in bursts', async () => {
      const shapes = { 'a>b': { lossPercent: 10, lossBurst: 8 } };
      const { at, hosts } = await fabricOf(topologyOf(['a', 'b'], shapes));
      const address = defined(hosts[1]).address;
      const output = await at(
        0,
        ...['sh', '-c', verbosePing, 'ping', '-c', '1000', '-i', '0.002', '-W', '1', address],
      );
      const seen = new Set(
        [...output.matchAll(/icmp_seq=(\d+)/g)].map((match) => Number(match[1])),
      );
      const lengths: number[] = [];
      let length = 0;
      for (let i = 1; i <= 1_000; i++) {
        if (!seen.has(i)) length++;
        else if (length > 0) lengths.push(length);
        if (seen.has(i)) length = 0;
      }
      const mean = lengths.reduce((a, b) => a + b, 0) / lengths.length;
      expect(lengths.length).toBeGreaterThan(3);
      expect(mean).toBeGreaterThan(3);
    });

    test('a cut of one direction stops the replies, and the other way still delivers', async () => {
      const { fabric, at, hosts } = await fabricOf(topologyOf(['a', 'b']));
      const address = defined(hosts[1]).address;
      const ping = async (): Promise<number> =>
        parsePings(
          await at(0, 'sh', '-c', pingScript, 'ping', '-c', '20', '-i', '0.02', '-W', '1', address),
        ).received;
      const bytesOf = async (from: string, to: string): Promise<number> =>
        defined((await fabric.traffic()).find((t) => t.from === from && t.to === to)).bytes;
      expect(await ping()).toBe(20);
      await fabric.cut('b', 'a');
      const before = [await bytesOf('a', 'b'), await bytesOf('b', 'a')] as const;
      expect(await ping()).toBe(0);
      expect((await bytesOf('a', 'b')) - before[0]).toBe(20 * 84);
      expect((await bytesOf('b', 'a')) - before[1]).toBe(0);
      await fabric.heal('b', 'a');
      expect(await ping()).toBe(20);
    });

    test('what is under way when a link is cut does not arrive', async () => {
      const { fabric, at, hosts } = await fabricOf(
        topologyOf(['a', 'b'], { 'a>b': { delayMs: 600 } }),
      );
      const address = defined(hosts[1]).address;
      const pinging = at(0, 'sh', '-c', pingScript, 'ping', '-c', '1', '-W', '2', address);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await fabric.cut('a', 'b');
      expect(parsePings(await pinging).received).toBe(0);
    });

    test('bytes and packets are counted exactly, headers included, inside a site too', async () => {
      const { fabric, at, hosts } = await fabricOf(topologyOf(['a', 'b']));
      const [a, b] = hosts.map(({ address }) => address);
      // 1000 bytes of payload, 8 of ICMP, 20 of IP; there and back.
      await at(0, 'ping', '-n', '-c', '10', '-i', '0.01', '-s', '1000', defined(b));
      await at(0, 'ping', '-n', '-c', '10', '-i', '0.01', '-s', '1000', defined(a));
      expect(await fabric.traffic()).toEqual([
        { from: 'a', to: 'a', bytes: 20 * 1_028, packets: 20 },
        { from: 'b', to: 'b', bytes: 0, packets: 0 },
        { from: 'a', to: 'b', bytes: 10 * 1_028, packets: 10 },
        { from: 'b', to: 'a', bytes: 10 * 1_028, packets: 10 },
      ]);
    });
  });

  describe.skipIf(noIperf !== null)('by iperf3', () => {
    async function megabits(
      shape: Parameters<typeof topologyOf>[1],
      ...options: string[]
    ): Promise<{ readonly received: number; readonly lostPercent: number }> {
      const { at, hosts, base } = await fabricOf(topologyOf(['a', 'b'], shape));
      const server = await defined(hosts[1]).spawn(['iperf3', '-s', '-1'], {
        stdio: 'log',
        logFile: join(base, 'iperf3.log'),
      });
      onTestFinished(async () => {
        await server.end(1_000);
      });
      await new Promise((resolve) => setTimeout(resolve, 500));
      const address = defined(hosts[1]).address;
      const output = await at(0, 'iperf3', '-J', '-c', address, '-t', '3', ...options);
      const { end } = JSON.parse(output);
      const received = (end.sum_received ?? end.sum).bits_per_second / 1e6;
      return { received, lostPercent: end.sum?.lost_percent ?? 0 };
    }

    test('TCP gets the rate of the link and no more', async () => {
      const { received } = await megabits({ 'a>b': { delayMs: 5, rateMbps: 20 } });
      expect(received).toBeGreaterThan(15);
      expect(received).toBeLessThan(20);
    });

    test('UDP beyond the rate is dropped by the queue', async () => {
      const shape = { 'a>b': { rateMbps: 20 } };
      const { received, lostPercent } = await megabits(shape, '-u', '-b', '40M', '-l', '1200');
      expect(lostPercent).toBeGreaterThan(35);
      expect(lostPercent).toBeLessThan(80);
      expect(received).toBeGreaterThan(8);
    });

    test('a link without a rate is not held up by the engine', async () => {
      const { received } = await megabits({ 'a>b': { delayMs: 1 }, 'b>a': { delayMs: 1 } });
      expect(received).toBeGreaterThan(300);
    });
  });

  test('a raw TCP echo waits for delay, degrade and restore', async () => {
    const { fabric, hosts, base } = await fabricOf(
      topologyOf(['a', 'b'], { 'a>b': { delayMs: 15 } }),
    );
    const [client, server] = (await Promise.all(
      hosts.map((host) => startPeer(host, join(base, 'peer.log'))),
    )) as [TcpPeer, TcpPeer];
    onTestFinished(async () => {
      await Promise.all([client.process.end(1_000), server.process.end(1_000)]);
    });
    const address = defined(hosts[1]).address;
    const port = await server.ask('listen', { address });
    const id = await client.ask('open', { address, port });
    const trip = async (): Promise<number> => {
      const { rttsMs } = await client.ask('exchange', { id, count: 30, bytes: 64, periodMs: 3 });
      return median(rttsMs.toSorted((a, b) => a - b));
    };
    const plain = await trip();
    expect(plain).toBeGreaterThanOrEqual(15);
    await fabric.shape('b', 'a', { delayMs: 80 });
    const degraded = await trip();
    expect(degraded).toBeGreaterThanOrEqual(95);
    await fabric.shape('b', 'a', { delayMs: 0 });
    const restored = await trip();
    expect(restored).toBeLessThan(degraded - 40);
  });

  test('measuring tells the losses of both directions, and none where there are none', async () => {
    const shapes = { 'a>b': { delayMs: 3, lossPercent: 10 }, 'b>a': { delayMs: 3 } };
    const { fabric } = await fabricOf(topologyOf(['a', 'b', 'c'], shapes));
    for (const { from, to, probes, lostProbes, rttP50Ms } of await fabric.measure(400, never)) {
      expect(probes).toBeGreaterThanOrEqual(400);
      if ([from, to].includes('c')) {
        expect(lostProbes).toBe(0);
        continue;
      }
      const [low, high] = wilsonInterval(defined(lostProbes), probes);
      expect(high).toBeGreaterThan(0.08);
      expect(low).toBeLessThan(0.12);
      expect(rttP50Ms).toBeGreaterThanOrEqual(6);
    }
  });

  test('the engine tells what it was late for and what its queues dropped, once', async () => {
    const { fabric, at, hosts } = await fabricOf(
      topologyOf(['a', 'b'], { 'a>b': { rateMbps: 1 } }),
    );
    const address = defined(hosts[1]).address;
    expect((await fabric.troubles()).map(({ code }) => code)).not.toContain('LINK_OVERFLOW');
    await at(
      0,
      'sh',
      '-c',
      pingScript,
      'ping',
      '-c',
      '200',
      '-l',
      '200',
      '-s',
      '1400',
      '-W',
      '1',
      address,
    );
    const told = (await fabric.troubles()).find(({ code }) => code === 'LINK_OVERFLOW');
    expect(told?.value).toBeGreaterThan(50);
    expect((await fabric.troubles()).map(({ code }) => code)).not.toContain('LINK_OVERFLOW');
  });
});
