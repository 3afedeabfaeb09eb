import { Alarm } from './alarm.ts';
import { lineChannel } from './channel.ts';
import { clockName, nowUs } from './clock.ts';
import { Company } from './company.ts';
import { loadDriver } from './drivers/registry.ts';
import { protocolFailure } from './errors.ts';
import { SharedWaker } from './shared-waker.ts';
import { Vitals } from './vitals.ts';

/** The agent program: the protocol on stdin and stdout, logs on stderr. It never outlives its orchestrator. */
const channel = lineChannel(process.stdin, process.stdout, {
  onMessage: (line) => company.receive(line),
  onWrong: (error) => company.fail(protocolFailure(error.message)),
  onClose: () => company.close(1),
});

const waker = new SharedWaker(nowUs, (onWake) => new Alarm(onWake));

const company = new Company(
  channel,
  {
    nowUs,
    makeWaker: (onWake) => waker.share(onWake),
    vitals: new Vitals(nowUs),
    loadDriver,
    pid: process.pid,
    clock: clockName(),
    log: (line) => process.stderr.write(`${line}\n`),
  },
  (exitCode) => {
    waker.close();
    // What was written must get out before the process ends.
    process.stdout.write('', () => process.exit(exitCode));
    setTimeout(() => process.exit(exitCode), 1000);
  },
);

// Ctrl-C reaches the whole foreground group: the orchestrator decides what becomes of the run.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => company.close(0));
process.on('uncaughtException', (error) => company.fail(error));
process.on('unhandledRejection', (reason) => company.fail(reason));
