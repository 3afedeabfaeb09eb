import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseScenario, scenarioYaml } from '../../../orchestrator/read/scenario.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import { minimal, resolve } from '../../helpers/scenarios.ts';

describe('a file of body sizes', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'busbench-sizes-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const withSizes = async (csv: string): Promise<ResolvedScenario> => {
    await writeFile(join(folder, 'sizes.csv'), csv);
    const text = `${minimal}workload: { body: { file: sizes.csv } }\n`;
    return (await parseScenario(text, join(folder, 's.yaml'), [])).scenario;
  };

  it('lies beside the scenario, and its rows are kept', async () => {
    const scenario = await withSizes('bytes,weight\n# small\n64,3\n1024, 0.5\n');
    const rows = [
      [64, 3],
      [1024, 0.5],
    ];
    expect(scenario.workload.body).toEqual({ kind: 'weighted', file: 'sizes.csv', rows });
    await rm(join(folder, 'sizes.csv'));
    expect(await resolve(scenarioYaml(scenario), 'name=s')).toEqual(scenario);
  });

  it.each([
    ['quoted', '"bytes","weight"\r\n"64","3"\r\n"1024",0.5\r\n'],
    ['with blanks', ' bytes, weight\n64, 3\n 1024 ,0.5'],
    ['with a byte order mark', '\uFEFFbytes,weight\n64,3\n1024,0.5\n'],
  ])('may be %s', async (_, csv) => {
    const { body } = (await withSizes(csv)).workload;
    expect(body).toMatchObject({
      rows: [
        [64, 3],
        [1024, 0.5],
      ],
    });
  });

  it('is UTF-8', async () => {
    await writeFile(join(folder, 'wide.csv'), Buffer.from('\uFEFF64,1\n', 'utf16le'));
    const text = `${minimal}workload: { body: { file: wide.csv } }\n`;
    const parsed = parseScenario(text, join(folder, 's.yaml'), []);
    await expect(parsed).rejects.toThrow('wide.csv: expected UTF-8; got UTF-16');
  });

  it.each([
    ['', 'has no rows'],
    [
      'bytes;weight\n64;1',
      'sizes.csv:1: expected bytes,weight with a comma between them; got "bytes;weight"',
    ],
    ['64,1\n"64,1', 'sizes.csv: line 2: a quote that opens is never closed'],
    ['# first\n64,1\n1.5,1', 'sizes.csv:3: expected whole bytes from 64 to 64000000; got "1.5"'],
    ['64,none', 'expected a weight above 0; got "none"'],
    ['64', 'sizes.csv:1: expected bytes,weight'],
    ['bytes,weight\n10,1', 'sizes.csv:2: expected whole bytes from 64'],
    ['64,0', 'expected a weight above 0'],
    ['64,,', 'expected bytes,weight'],
    ['64,x', 'expected a weight above 0'],
  ])('is refused with its line: %j', async (csv, message) => {
    await expect(withSizes(csv)).rejects.toThrow(message);
  });
});
