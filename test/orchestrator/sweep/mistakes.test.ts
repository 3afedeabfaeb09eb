import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ScenarioError } from '../../../orchestrator/errors.ts';
import { loadSweep } from '../../../orchestrator/sweep/load.ts';

/** The mistakes of a sweep over the quickstart, each as it is printed, without its folder. */
async function mistakesOf(more: string): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'busbench-sweep-'));
  try {
    const file = join(folder, 's.yaml');
    await writeFile(file, `schema: busbench/sweep/1\nscenario: quickstart\n${more}`);
    const error = await loadSweep(file).then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ScenarioError)) throw error;
    return error.message.replaceAll(`${folder}/`, '').split('\n').slice(1);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('mistakes of shape, of axes and of conditions are told at once, in order', async () => {
  const found = await mistakesOf(`repat: 3
matrix: { clients.count: [10, 10], servers.count: 3 }
stopWhen: { along: clients.cont, condition: "outcome.lots > 0" }
order: radnom
`);
  expect(found.map((line) => line.split(': ').slice(0, 2).join(' '))).toEqual([
    's.yaml:3:1 repat',
    's.yaml:4:31 matrix.clients.count[1]',
    's.yaml:4:51 matrix.servers.count',
    's.yaml:5:45 stopWhen.condition',
    's.yaml:6:8 order',
  ]);
});

test('what an axis or a common setting breaks is told where the sweep sets it, once', async () => {
  const found = await mistakesOf(`set: { workload.timeout: 5 }
matrix:
  bus.type: [zeromq, rabitmq]
zip:
  clients.count: [10, 0]
`);
  expect(found).toEqual([
    expect.stringMatching(/^s\.yaml:3:26: workload\.timeout: expected a duration .*number 5 \(/),
    expect.stringMatching(/^s\.yaml:5:22: bus\.type: .*did you mean "rabbitmq"\? \(bus\.type=rab/),
    expect.stringMatching(
      /^s\.yaml:7:23: clients\.count: expected at least 1; got 0 \(.* and 1 more/,
    ),
  ]);
});
