import type { SchemaName } from '../schema-names.ts';
import { jsonSchemaText } from '../schemas.ts';
import { print } from './streams.ts';

/** `busbench schema`: JSON Schemas for editors. */
export function schemaCommand(format: SchemaName): void {
  print(jsonSchemaText(format));
}
