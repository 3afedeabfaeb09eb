import { performServerHandshake } from 'node:http2';
import { Duplex } from 'node:stream';
import { nowUs } from '../../../agents/clock.ts';
import { Silence } from '../../../agents/silence.ts';
import { Household } from './household.ts';
import { greeting, sessionWindowBytes, silenceThereMs, windowBytes } from './protocol.ts';
import { serve } from './serve.ts';

/**
 * The far end of a remote host: a program that does there what the orchestrator asks for over its stdin and stdout, and
 * leaves nothing when that connection ends or falls silent. Its first argument is the id of the run.
 */
const [, , runId = 'run'] = process.argv;

// A terminal or a shutdown of ssh must not end it before it has cleared up.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => leave(0));
process.on('uncaughtException', (error) => {
  process.stderr.write(`busbench-remote: ${error.stack ?? error.message}\n`);
  leave(1);
});

const household = await Household.found(runId);
const silence = new Silence(nowUs, (ms) => {
  process.stderr.write(`busbench-remote: nothing heard for ${Math.round(ms / 1e3)} s\n`);
  leave(1);
});

let leaving = false;
function leave(code: number): void {
  if (leaving) return;
  leaving = true;
  void household?.[Symbol.asyncDispose]().finally(() => process.exit(code));
}

process.stdout.write(`${greeting}\n`);
process.stdin.on('end', () => leave(0)).on('close', () => leave(0));
process.stdout.on('error', () => leave(0));
process.stdin.on('data', () => silence.heard());
process.stdin.pause();
const session = performServerHandshake(
  Duplex.from({ readable: process.stdin, writable: process.stdout }),
  { settings: { initialWindowSize: windowBytes }, maxSessionMemory: 1_000 },
);
session.on('remoteSettings', () => session.setLocalWindowSize(sessionWindowBytes));
session.on('ping', () => silence.heard());
session.on('close', () => leave(0)).on('error', () => leave(1));
silence.limit(silenceThereMs);
serve(session, household);
