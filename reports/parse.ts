import { ResultInputError } from './errors.ts';
import { type RunResult, resultSchema } from './result.ts';

/**
 * A parsed `result.json` as a RunResult. Throws ResultInputError: RESULT_FOREIGN for another schema or version,
 * RESULT_MALFORMED naming every wrong path otherwise.
 */
export function parseResult(json: unknown): RunResult {
  const schema = typeof json === 'object' && json !== null && 'schema' in json ? json.schema : null;
  if (schema !== 'busbench/result/1') throw foreign(schema);
  const parsed = resultSchema.safeParse(json);
  // What was read, not the schema's copy of it: reports keep the order of the file.
  if (parsed.success) return json as RunResult;
  const places = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const shown = places.slice(0, 10).join('\n');
  throw new ResultInputError(
    'RESULT_MALFORMED',
    `not a busbench/result/1 in ${places.length} places\n${shown}${places.length > 10 ? '\n...' : ''}`,
    'It was edited, or cut short; measure again, or fetch it again from where it was made.',
  );
}

function foreign(schema: unknown): ResultInputError {
  const version =
    typeof schema === 'string' ? /^busbench\/result\/(\d+)$/.exec(schema)?.[1] : undefined;
  return new ResultInputError(
    'RESULT_FOREIGN',
    `expected schema "busbench/result/1", got ${schema === null ? 'none' : JSON.stringify(schema)}`,
    version === undefined
      ? 'Give a result.json that `busbench run` wrote.'
      : `It was written by another version of busbench, whose results have version ${version}; read it with that one.`,
  );
}
