import { z } from 'zod';
import { flag, number, quantity, text } from './leaf.ts';

export const warningSchema = z.object({
  code: text('one of the table in docs/errors.md'),
  message: text('what was seen, with its number'),
  advice: text('what to do about it'),
  value: number('what was seen, in the unit that the message names'),
  limit: number('from where on it warns, in the same unit'),
  invalidates: flag('the numbers are not to be trusted (exit 4)'),
});

const expectation = z.object({
  expression: text('as the scenario wrote it'),
  implied: flag(
    'nobody wrote it: the guarantee of the scenario promises it, or every run must have it',
  ).default(false),
  actual: quantity('what was measured, in the unit of the leaf; null when it is not known'),
  met: flag('it holds; never for an unknown value'),
});

const failure = z
  .object({
    code: text('one of the codes in docs/errors.md'),
    message: text('what happened, and where'),
    hint: text('what mends it'),
  })
  .nullable()
  .describe('what ended the run when the status is failed or interrupted; null otherwise');

export const verdictSchema = z.object({
  status: z
    .enum(['ok', 'expectation-missed', 'invalid', 'failed', 'interrupted'])
    .describe('exit codes 0, 1, 4, 3 and 130'),
  warnings: z.array(warningSchema),
  expectations: z.array(expectation),
  failure,
});
