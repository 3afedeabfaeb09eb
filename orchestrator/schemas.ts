import { resultJsonSchema } from '../reports/result.ts';
import { scenarioJsonSchema } from '../topologies/scenario.ts';
import { sweepJsonSchema } from '../topologies/sweep.ts';
import type { SchemaName } from './schema-names.ts';

const makers: Readonly<Record<SchemaName, () => object>> = {
  scenario: scenarioJsonSchema,
  sweep: sweepJsonSchema,
  result: resultJsonSchema,
};

/**
 * The JSON Schema (draft 2020-12) of a format. Its `$id` is a name and no address, so that a tool which knows the schema
 * by it asks no network: `urn:busbench:scenario:1` for files that begin with `schema: busbench/scenario/1`.
 */
export function jsonSchema(name: SchemaName): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = makers[name]() as Record<string, unknown>;
  const { schema } = rest['properties'] as { readonly schema: { readonly const: string } };
  return { $schema, $id: `urn:${schema.const.replaceAll('/', ':')}`, ...rest };
}

/** As `schemas/<name>.json` has it. */
export function jsonSchemaText(name: SchemaName): string {
  return `${JSON.stringify(jsonSchema(name), null, 2)}\n`;
}
