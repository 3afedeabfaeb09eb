// `npm start`: sets up, then `busbench run quickstart`; with arguments, `busbench <arguments>`.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

setUp();
const args = process.argv.slice(2);
const bench = args[0] === '--bench';
const program = join(root, 'dist', bench ? 'bench/main.js' : 'orchestrator/cli.js');
const rest = bench ? args.slice(1) : args.length > 0 ? args : ['run', 'quickstart'];
const child = spawn(process.execPath, [program, ...rest], { stdio: 'inherit' });

// A terminal sends Ctrl-C to both of us; the child tears down and decides the exit code.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on('error', (error) => {
  process.stderr.write(`busbench: cannot start node: ${error.message}\n`);
  process.exit(3);
});
child.on('exit', (code, signal) => {
  process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
});
