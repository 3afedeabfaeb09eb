import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseScenario } from '../../orchestrator/read/scenario.ts';
import { schemaNames } from '../../orchestrator/schema-names.ts';
import { jsonSchemaText } from '../../orchestrator/schemas.ts';
import { parseSweep } from '../../orchestrator/sweep/spec.ts';
import { resultJsonSchema } from '../../reports/result.ts';
import { distSchema, timesSchema } from '../../reports/schema/dist.ts';
import { warningRules } from '../../reports/warnings/warnings.ts';
import { scenarioJsonSchema } from '../../topologies/scenario.ts';
import { sweepJsonSchema } from '../../topologies/sweep.ts';
import { referenceTable, type SchemaNode, table, withPart } from '../helpers/reference.ts';

const root = join(import.meta.dirname, '../..');
const docs = join(root, 'docs');
const contract = join(docs, 'contract.md');
const errors = join(docs, 'errors.md');

/** The reference parts of docs/contract.md; `npm run docs` writes them. */
describe('docs/contract.md', () => {
  it('has the references that the schemas give', async () => {
    const { scenario: _, ...own } = (resultJsonSchema() as SchemaNode).properties ?? {};
    const parts: readonly (readonly [part: string, schema: SchemaNode])[] = [
      ['sweep', sweepJsonSchema() as SchemaNode],
      ['result', { properties: own }],
      ['distribution', z.toJSONSchema(distSchema) as SchemaNode],
      ['times', z.toJSONSchema(timesSchema) as SchemaNode],
    ];
    const { bus, ...sections } = (scenarioJsonSchema() as SchemaNode).properties ?? {};
    const tables = [
      ['scenario', referenceTable({ properties: sections })],
      ['buses', (bus?.oneOf ?? []).map(busTable).join('\n\n')],
      ...parts.map(([part, schema]) => [part, referenceTable(schema)]),
    ];
    const page = tables.reduce(
      (text, [part = '', table = '']) => withPart(text, part, table),
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

/** The files that editors and other programs read; `npm run docs` writes them. */
describe('schemas/', () => {
  it.each(schemaNames)('has %s.json as the code has it', async (name) => {
    await expect(jsonSchemaText(name)).toMatchFileSnapshot(join(root, 'schemas', `${name}.json`));
  });

  it.each([
    ['topologies', 'scenario'],
    ['topologies/sweeps', 'sweep'],
  ])('is named by every ready-made file of %s', (folder, name) => {
    const files = readdirSync(join(root, folder)).filter((file) => file.endsWith('.yaml'));
    expect(files).not.toEqual([]);
    for (const file of files) {
      const text = readFileSync(join(root, folder, file), 'utf8');
      const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text) ?? [];
      expect(join(root, folder, schema), file).toBe(join(root, 'schemas', `${name}.json`));
    }
  });
});

describe('docs/errors.md', () => {
  it('has every warning with the advice that it gives', async () => {
    const rows = warningRules.map(({ code, means, advice }) => [`\`${code}\``, means, advice]);
    const content = table(['Code', 'Means', 'Advice'], rows);
    const page = withPart(readFileSync(errors, 'utf8'), 'warnings', content);
    await expect(page).toMatchFileSnapshot(errors);
  });

  it('has each code once', () => {
    const codes = warningRules.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe('pages', () => {
  it('name only files that are there', () => {
    const pages = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md', 'agents/README.md'];
    for (const name of readdirSync(docs, { recursive: true })) {
      if (String(name).endsWith('.md')) pages.push(join('docs', String(name)));
    }
    const place =
      /`((?:agents|bench|docs|orchestrator|reports|schemas|test|topologies)\/[\w./-]*)`/g;
    let seen = 0;
    const missing = pages.flatMap((page) => {
      const text = readFileSync(join(root, page), 'utf8');
      const links = [...text.matchAll(/\]\((?!\w+:)([^)#]+)\)/g)].map(([, to = '']) =>
        join(dirname(page), to),
      );
      // The walk through writing a driver invents one.
      const named = [...text.matchAll(place)].map(([, path = '']) => path);
      const files = [...links, ...named].filter((path) => !path.includes('/stomp/'));
      seen += files.length;
      return files
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => `${page}: ${path}`);
    });
    expect(seen).toBeGreaterThan(50);
    expect(missing).toEqual([]);
  });
});

/** The options of one bus type under its name. */
function busTable({ properties: { type, ...options } = {} }: SchemaNode): string {
  const heading = `**${String(type?.const)}**`;
  const isBare = Object.keys(options).length === 0;
  return isBare
    ? `${heading}: no options`
    : `${heading}\n\n${referenceTable({ properties: { bus: { properties: options } } })}`;
}
