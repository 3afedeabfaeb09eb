import type { RunRecord } from '../../reports/record.ts';
import { textRenderer } from '../../reports/renderers/text.ts';
import { exitCode } from '../../reports/verdict/verdict.ts';
import { exitInterrupted } from '../processes/interrupts.ts';
import { print } from './streams.ts';
import { terminalOptions } from './terminal.ts';

/** Prints the report of a run that is kept in `directory`, or its result as JSON, and sets the exit code of its verdict. */
export function tellResult(
  record: RunRecord,
  directory: string,
  { json, stop }: { readonly json: boolean; readonly stop: AbortSignal },
): void {
  const text = json
    ? `${JSON.stringify(record.result, null, 2)}\n`
    : textRenderer.render([record], { ...terminalOptions(), directory });
  print(text, directory);
  process.exitCode = stop.aborted ? exitInterrupted : exitCode(record.result);
}
