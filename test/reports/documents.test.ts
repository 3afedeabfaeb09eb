import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseScenario, scenarioJsonSchema } from '../../orchestrator/scenario.ts';
import { parseSweep, sweepJsonSchema } from '../../orchestrator/sweep/spec.ts';
import { resultJsonSchema } from '../../reports/result.ts';
import { distSchema, timesSchema } from '../../reports/schema/dist.ts';
import { referenceTable, type SchemaNode, withPart } from '../helpers/reference.ts';

const contract = join(import.meta.dirname, '../../docs/contract.md');

/** The reference parts of docs/contract.md; `npm run docs` writes them. */
describe('docs/contract.md', () => {
  it('has the references that the schemas give', async () => {
    const { scenario: _, ...own } = (resultJsonSchema() as SchemaNode).properties ?? {};
    const parts: readonly (readonly [part: string, schema: SchemaNode])[] = [
      ['scenario', scenarioJsonSchema() as SchemaNode],
      ['sweep', sweepJsonSchema() as SchemaNode],
      ['result', { properties: own }],
      ['distribution', z.toJSONSchema(distSchema) as SchemaNode],
      ['times', z.toJSONSchema(timesSchema) as SchemaNode],
    ];
    const page = parts.reduce(
      (text, [part, schema]) => withPart(text, part, referenceTable(schema)),
      readFileSync(contract, 'utf8'),
    );
    await expect(page).toMatchFileSnapshot(contract);
  });

  it('shows a scenario and sweeps that can be read', async () => {
    const page = readFileSync(contract, 'utf8');
    const [scenario = '', sweep = '', search = ''] = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(
      (m) => m[1],
    );
    const { scenario: read } = await parseScenario(scenario, 'contract.yaml', []);
    expect(read.name).toBe('three-sites');
    expect(parseSweep(sweep, 'sweep.yaml').stopWhen).not.toBeNull();
    expect(parseSweep(search, 'search.yaml').search).not.toBeNull();
  });
});
