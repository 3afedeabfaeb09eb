import { Agent } from './agent.ts';
import { Alarm } from './alarm.ts';
import { lineChannel } from './channel.ts';
import { clockName, nowUs } from './clock.ts';
import { loadDriver } from './drivers/registry.ts';

/** The agent program: the protocol on stdin and stdout, logs on stderr. It never outlives its orchestrator. */
const channel = lineChannel(
  process.stdin,
  process.stdout,
  (line) => agent.receiveLine(line),
  () => void agent.close(1),
);

const agent = new Agent(
  channel,
  {
    nowUs,
    makeWaker: (onWake) => new Alarm(onWake),
    loadDriver,
    pid: process.pid,
    clock: clockName(),
    log: (line) => process.stderr.write(`${line}\n`),
  },
  (exitCode) => {
    // What was written must get out before the process ends.
    process.stdout.write('', () => process.exit(exitCode));
    setTimeout(() => process.exit(exitCode), 1000);
  },
);

// Ctrl-C reaches the whole foreground group: the orchestrator decides what becomes of the run.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => void agent.close(0));
process.on('uncaughtException', (error) => agent.fail(error));
process.on('unhandledRejection', (reason) => agent.fail(reason));
