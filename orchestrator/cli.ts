#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { CommanderError } from 'commander';
import { guardStreams, lostOutput } from './commands/streams.ts';
import { makeProgram } from './commands/tree.ts';
import { BenchError, describeFailure } from './errors.ts';
import { exitInterrupted } from './processes/interrupts.ts';

/** Exit codes of docs/contract.md, section 1: 2 bad input, 3 the run failed; a verdict's own codes are set by the commands. */
const exitBadInput = 2;
const exitFailed = 3;

async function main(): Promise<void> {
  // One signal stops a wait for each of many agents and faults at once; every wait takes its listener back.
  setMaxListeners(0);
  guardStreams();
  try {
    await makeProgram().parseAsync();
  } catch (error) {
    process.exitCode = explain(error);
  }
  await admitLoss();
}

/** Whoever waits for the report on stdout must learn that it is not there, though the run may have gone well. */
async function admitLoss(): Promise<void> {
  const lost = await lostOutput();
  if (lost === null) return;
  const hint =
    lost.keptIn === null
      ? 'Free what stdout goes to, and ask again.'
      : `The result is kept: \`busbench report ${lost.keptIn}\` prints it again.`;
  process.stderr.write(`busbench: stdout took no more: ${lost.why}\n  ${hint} [OUTPUT_LOST]\n`);
  if (process.exitCode !== exitInterrupted) process.exitCode = exitFailed;
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitBadInput;
  const { code, message, hint } = describeFailure(error);
  process.stderr.write(`busbench: ${message}\n  ${hint} [${code}]\n`);
  if (code === 'INTERRUPTED') return exitInterrupted;
  const badInput = error instanceof BenchError && ['scenario', 'usage'].includes(error.kind);
  return badInput ? exitBadInput : exitFailed;
}

await main();
