import { Argument, type Command } from 'commander';
import { resultJsonSchema } from '../../reports/result.ts';
import { scenarioJsonSchema } from '../../topologies/scenario.ts';
import { sweepJsonSchema } from '../../topologies/sweep.ts';
import { print } from './streams.ts';

/** Every format with a JSON Schema, by the name it is asked for. */
const schemas: Readonly<Record<string, () => unknown>> = {
  scenario: scenarioJsonSchema,
  sweep: sweepJsonSchema,
  result: resultJsonSchema,
};

/** `busbench schema`: JSON Schemas for editors. */
export function registerSchema(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of a format, for editors')
    .addArgument(new Argument('<format>', 'the format').choices(Object.keys(schemas)))
    .action((format: string) => {
      const schema = schemas[format]?.() ?? null;
      print(`${JSON.stringify(schema, null, 2)}\n`);
    });
}
