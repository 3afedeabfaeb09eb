import { Alarm } from './alarm.ts';
import { clockName, nowUs } from './clock.ts';
import type { CompanyPlatform } from './company.ts';
import { loadDriver } from './drivers/registry.ts';
import { asFailure } from './errors.ts';
import { type JoinOptions, joinControllers } from './join.ts';
import { nextLine } from './lines.ts';
import { SharedWaker } from './shared-waker.ts';
import { Vitals } from './vitals.ts';

/**
 * An agent started by hand: who it is and the token come as a line of JSON on stdin, so that no list of processes shows
 * them. It ends with its stdin. Exits 0 when a controller said `shutdown` or a signal ended it, 2 when one refused it, else 1.
 */
const options = JSON.parse((await nextLine(process.stdin)) ?? '') as JoinOptions;
const ended = new AbortController();
process.stdin.on('end', () => process.exit(1)).resume();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => ended.abort());
}
const waker = new SharedWaker(nowUs, (onWake) => new Alarm(onWake));
const platform = (): CompanyPlatform => ({
  nowUs,
  makeWaker: (onWake) => waker.share(onWake),
  vitals: new Vitals(nowUs),
  loadDriver,
  pid: process.pid,
  clock: clockName(),
  log: (line) => void process.stderr.write(`${line}\n`),
});
const tell = (line: string): void => void process.stderr.write(`busbench: ${line}\n`);
try {
  await joinControllers(options, platform, tell, ended.signal);
} catch (error) {
  if (!ended.signal.aborted) {
    const { code, message, hint } = asFailure(error);
    process.stderr.write(`busbench: ${message}\n  ${hint} [${code}]\n`);
    process.exitCode = code === 'JOIN_REFUSED' ? 2 : 1;
  }
}
// A client library may still hold a socket of a bus that is gone.
process.exit();
