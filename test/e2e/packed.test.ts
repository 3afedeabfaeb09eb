import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseResult } from '../../reports/parse.ts';
import type { RunResult } from '../../reports/result.ts';
import { busbench, scenarioFile, scratchFolder } from '../helpers/cli.ts';

interface Run {
  readonly result: RunResult;
  /** By peer: its row of `peers.csv` up to what became of its operations. */
  readonly peers: readonly string[];
}

describe('agents that share processes', () => {
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  let packed: Run;
  let alone: Run;

  beforeAll(async () => {
    folder = await scratchFolder();
    const file = await scenarioFile(
      folder.path,
      `
schema: busbench/scenario/1
name: packed
sites: [paris, lyon, nice]
links: { default: { delay: 5ms } }
bus: { type: zeromq }
servers: { count: 3 }
clients: { count: 12 }
workload: { pattern: call, pace: { rate: 300/s }, body: { min: 100, max: 2000 }, timeout: 10s }
phases: { warmup: 500ms, measure: 2s, drain: 10s }
faults: [{ at: 1s, action: disconnect, node: client.nice }]
`,
    );
    const runWith = async (pack: string): Promise<Run> => {
      const output = join(folder.path, pack);
      const set = `agents.pack=${pack}`;
      const finished = await busbench(['run', file, '--set', set, '-o', output]);
      expect([0, 1, 4], finished.stderr).toContain(finished.code);
      const text = readFileSync(join(output, 'result.json'), 'utf8');
      const [, ...rows] = readFileSync(join(output, 'peers.csv'), 'utf8').trim().split('\n');
      const peers = rows.map((row) => row.split(',').slice(0, 5).join(','));
      return { result: parseResult(JSON.parse(text)), peers };
    };
    packed = await runWith('1');
    alone = await runWith('none');
  }, 120_000);
  afterAll(() => folder[Symbol.asyncDispose]());

  it('have the same operations due at the same clients, and lose none of them', () => {
    expect(packed.peers.filter((row) => row.includes('client'))).toEqual(
      alone.peers.filter((row) => row.includes('client')),
    );
    expect(packed.peers.map((row) => row.split(',')[0])).toEqual(
      alone.peers.map((row) => row.split(',')[0]),
    );
    for (const { result } of [packed, alone]) {
      const { due, completed, failedTotal, duplicated, unknown } = result.outcome;
      expect([due, duplicated, unknown]).toEqual([600, 0, 0]);
      expect(completed + failedTotal).toBe(due);
      expect(result.latencyUs.response.count).toBe(completed);
      for (const { client, server, p50Us } of result.locality.matrix) {
        if (client !== server && p50Us !== null) expect(p50Us).toBeGreaterThanOrEqual(10_000);
      }
    }
  });

  it('are told with the process that plays them; one that a fault names has its own', () => {
    const agents = ({ result }: Run): RunResult['resources']['processes'] =>
      result.resources.processes.filter(({ role }) => role === 'agent');
    expect(agents(packed).map(({ name, site, agents: played }) => [name, site, played])).toEqual([
      ['servers.1', '', ['server.paris', 'server.lyon', 'server.nice']],
      ['clients.1', '', ['client.paris', 'client.lyon']],
      ['client.nice', 'nice', undefined],
    ]);
    expect(agents(alone)).toHaveLength(6);
  });
});
