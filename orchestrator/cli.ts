#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { Command, CommanderError } from 'commander';
import { registerBackup } from './commands/backup.ts';
import { registerBench } from './commands/bench.ts';
import { registerCheck } from './commands/check.ts';
import { registerCompare } from './commands/compare.ts';
import { registerController } from './commands/controller.ts';
import { registerDeploy } from './commands/deploy.ts';
import { registerDestroy } from './commands/destroy.ts';
import { registerJoin } from './commands/join.ts';
import { registerList } from './commands/list.ts';
import { registerPlan } from './commands/plan.ts';
import { registerReport } from './commands/report.ts';
import { registerRun } from './commands/run.ts';
import { registerSchema } from './commands/schema.ts';
import { guardStreams, lostOutput } from './commands/streams.ts';
import { registerSweep } from './commands/sweep.ts';
import { registerToken } from './commands/token.ts';
import { BenchError, describeFailure } from './errors.ts';
import { exitInterrupted } from './processes/interrupts.ts';
import { busbenchVersion } from './processes/program.ts';

/** Exit codes of docs/contract.md, section 1: 2 bad input, 3 the run failed; a verdict's own codes are set by the commands. */
const exitBadInput = 2;
const exitFailed = 3;

async function main(): Promise<void> {
  // One signal stops a wait for each of many agents and faults at once; every wait takes its listener back.
  setMaxListeners(0);
  guardStreams();
  const program = new Command('busbench')
    .description('Benchmark RPC over message buses across sites, under WAN delay.')
    .version(busbenchVersion())
    .exitOverride()
    .showHelpAfterError('(busbench help shows all commands)');
  const commands = [
    registerRun,
    registerPlan,
    registerDeploy,
    registerBench,
    registerBackup,
    registerDestroy,
    registerSweep,
    registerReport,
    registerCompare,
    registerCheck,
    registerList,
    registerSchema,
    registerJoin,
    registerController,
    registerToken,
  ];
  for (const register of commands) register(program);
  try {
    await program.parseAsync();
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
