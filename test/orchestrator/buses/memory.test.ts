import { expect, test } from 'vitest';
import { memoryBus } from '../../../orchestrator/buses/memory.ts';
import { describePlan, planText } from '../../../orchestrator/plan/describe.ts';
import { makePlan } from '../../../orchestrator/plan/plan.ts';
import { busMistakes, ofType } from '../../helpers/buses.ts';
import { mistakesOf, resolve } from '../../helpers/scenarios.ts';

const text = (bus: string, more = ''): string => `schema: busbench/scenario/1
sites: [paris, lyon]
bus: { type: memory${bus} }
${more}`;

test('options are read with their units and reach the driver in its own', async () => {
  const bus = ', loss: 1%, duplicate: 0.5%, reorder: 2%, replyLoss: 3%, delay: 250us, capacity: 50';
  const scenario = await resolve(text(bus));
  const fabric = {} as never;
  const run = { runId: 'test', scratch: 'unused', logs: 'unused' };
  const deployed = await memoryBus.deploy(
    ofType('memory', scenario),
    fabric,
    run,
    AbortSignal.timeout(1000),
  );
  expect(await deployed.endpoint({} as never)).toEqual({
    driver: 'memory',
    endpoint: {
      choice: 'round-robin',
      capacity: 50,
      delayUs: 250,
      lossPercent: 1,
      duplicatePercent: 0.5,
      reorderPercent: 2,
      replyLossPercent: 3,
    },
  });
  expect(planText(await describePlan(makePlan(scenario)))).toContain('loss 1%, duplicate 0.5%');
  await deployed[Symbol.asyncDispose]();
});

test('every mistake in the options is named', () => {
  const raw = { loss: 1, reorder: '3', capacity: 0, dup: '1%' };
  expect(busMistakes('memory', raw, ['paris'])).toEqual([
    { path: 'capacity', message: 'expected at least 1; got 0' },
    {
      path: 'loss',
      message: 'expected a percentage with its unit (%), such as 0.1%; got the bare number 1',
    },
    {
      path: 'reorder',
      message: 'expected a percentage with its unit (%), such as 0.1%; got "3"',
    },
    {
      path: 'dup',
      message:
        'unknown key "dup"; known here: type, choice, capacity, delay, loss, duplicate, reorder, replyLoss',
    },
  ]);
  const over = busMistakes('memory', { loss: '60%', duplicate: '50%' }, ['paris']);
  expect(over.map(({ path }) => path)).toEqual(['loss']);
});

test('nodes and faults are refused: there is one process and no link', async () => {
  const nodes = await mistakesOf(text(', nodes: [paris]'));
  expect(nodes.map(({ path }) => path)).toEqual(['bus.nodes']);
  const faults = `faults:
  - { at: 1s, for: 1s, action: partition, between: [paris, lyon] }
  - { at: 4s, for: 1s, action: pause, node: server.paris }
`;
  const mistakes = await mistakesOf(text('', faults));
  expect(mistakes.map(({ path }) => path)).toEqual(['faults[0]', 'faults[1].node']);
});
