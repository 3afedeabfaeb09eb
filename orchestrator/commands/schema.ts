import { Argument, type Command } from 'commander';
import { jsonSchemaText, type SchemaName, schemaNames } from '../schemas.ts';
import { print } from './streams.ts';

/** `busbench schema`: JSON Schemas for editors. */
export function registerSchema(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of a format, for editors')
    .addArgument(new Argument('<format>', 'the format').choices([...schemaNames]))
    .action((format: SchemaName) => print(jsonSchemaText(format)));
}
