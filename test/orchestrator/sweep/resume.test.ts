import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { parseEntry } from '../../../reports/sweep/read.ts';
import { busbench, scratchFolder, startBusbench } from '../../helpers/cli.ts';

const kills = 20;
const sweepYaml = `
schema: busbench/sweep/1
scenario: quickstart
set:
  sites: [here]
  bus: { type: memory }
  links: {}
  phases: { warmup: 0s, measure: 300ms, drain: 2s }
  expect: []
matrix: { servers.count: [1, 2, 3, 4, 5, 6], workload.body: [100B, 1kB] }
repeat: 2
`;
const points = 24;

interface Listed {
  readonly id: string;
  readonly startedAt: string;
}

function listed(directory: string): readonly Listed[] {
  const index = join(directory, 'index.jsonl');
  if (!existsSync(index)) return [];
  const lines = readFileSync(index, 'utf8').split('\n');
  // The last one may be torn, until the next start cuts it off.
  return lines.slice(0, -1).flatMap((line) => parseEntry(line) ?? []);
}

it('resumes after kill -9 at random moments: every point is measured, none twice', async () => {
  await using folder = await scratchFolder();
  const file = join(folder.path, 'sweep.yaml');
  const directory = join(folder.path, 'sweep');
  await writeFile(file, sweepYaml);
  const firstSeen = new Map<string, string>();
  const waits: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const started = startBusbench(['sweep', file, '-o', directory, '--quiet']);
    const waitMs = Math.round(400 + Math.random() * 2_200);
    waits.push(waitMs);
    await Promise.race([sleep(waitMs), started.finished]);
    started.child.kill('SIGKILL');
    const finished = await started.finished;
    expect(await finished.leftovers(), `after ${waits}`).toEqual([]);
    for (const { id, startedAt } of listed(directory)) {
      if (!firstSeen.has(id)) firstSeen.set(id, startedAt);
    }
  }
  const last = await busbench(['sweep', file, '-o', directory, '--quiet']);
  // A noisy machine makes points invalid; nothing else may be said of them.
  expect([0, 4], last.stderr).toContain(last.code);

  const entries = listed(directory);
  const ids = entries.map(({ id }) => id);
  expect(new Set(ids).size, `killed after ${waits}`).toBe(points);
  expect(ids.length, `each once; killed after ${waits}`).toBe(points);
  for (const { id, startedAt } of entries) {
    expect(firstSeen.get(id) ?? startedAt, `${id} was measured once`).toBe(startedAt);
    const place = join(directory, 'points', id);
    expect(parseEntry(readFileSync(join(place, 'point.json'), 'utf8'))?.startedAt).toBe(startedAt);
    const result = JSON.parse(readFileSync(join(place, 'result.json'), 'utf8'));
    expect(Date.parse(result.startedAt)).toBeGreaterThanOrEqual(Date.parse(startedAt));
  }
  expect(readdirSync(join(directory, 'points')).sort()).toEqual([...ids].sort());
  expect(existsSync(join(directory, 'running'))).toBe(false);
  expect(readFileSync(join(directory, 'points.csv'), 'utf8').trim().split('\n')).toHaveLength(
    points + 1,
  );
  expect(existsSync(join(directory, 'report.html'))).toBe(true);
}, 240_000);
