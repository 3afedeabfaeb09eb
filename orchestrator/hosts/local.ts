import { once } from 'node:events';
import { chmod, mkdir, open, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { HostError } from '../errors.ts';
import { programPath } from '../processes/program.ts';
import type { Host, HostProcess, SpawnOptions } from './host.ts';
import { startLocalProcess } from './local-process.ts';
import { sampleProcessTree } from './proc.ts';

/** Bound on what `run` returns; a command that says more is not one to be run to its end. */
const maxOutputBytes = 16 * 1024 * 1024;
const quotedErrorChars = 2_000;

/**
 * This machine, or one of its loopback addresses, as a Host. Makes `directory` (mode 0700); its owner removes it.
 * `start` is how processes come to be, for a host that differs from this machine in nothing else.
 */
export async function localHost(
  spec: Pick<Host, 'name' | 'site' | 'address' | 'directory'>,
  start: typeof startLocalProcess = startLocalProcess,
): Promise<Host> {
  await mkdir(spec.directory, { recursive: true, mode: 0o700 });
  const spawn: Host['spawn'] = (command, options) =>
    start(spec.name, command, { cwd: spec.directory, ...options });
  return {
    ...spec,
    program: (program, ...nodeFlags) => [process.execPath, ...nodeFlags, programPath(program)],
    spawn,
    run: (command, options) => runToEnd(spec.name, command, options, spawn),
    async put(name, content) {
      const path = resolve(spec.directory, name);
      if (relative(spec.directory, path).startsWith('..')) {
        throw new HostError(
          'HOST_PATH_OUTSIDE',
          `${spec.name}: ${name} is not below ${spec.directory}`,
          'Files go to a host only below its own directory.',
        );
      }
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(path, content, { mode: 0o600 });
      // An existing file keeps its old mode when it is written again.
      await chmod(path, 0o600);
      return path;
    },
    get: (path) => readFile(resolve(spec.directory, path)),
    sample: async (pids) => pids.map(sampleProcessTree),
  };
}

/** `Host.run` by way of its `spawn`: the command's log has its stderr by the time it has ended. */
export async function runToEnd(
  name: string,
  command: readonly string[],
  options: SpawnOptions & { readonly timeoutMs: number },
  spawn: Host['spawn'],
): Promise<string> {
  const logStart = await sizeOf(options.logFile);
  const child = await spawn(command, { ...options, stdio: 'pipe' });
  child.stdin?.end();
  let overdue = false;
  const timer = setTimeout(() => {
    overdue = true;
    void child.signal('SIGKILL');
  }, options.timeoutMs);
  const output = await collect(child);
  const { code, signal } = await child.exited;
  clearTimeout(timer);
  if (code === 0 && output !== null) return output;
  const ending =
    output === null
      ? `said more than ${maxOutputBytes} bytes`
      : overdue
        ? `did not end within ${options.timeoutMs} ms`
        : `ended with ${code === null ? `signal ${signal}` : `exit code ${code}`}`;
  const said = (await tail(options.logFile, logStart)).trim();
  throw new HostError(
    overdue ? 'HOST_COMMAND_TIMEOUT' : 'HOST_COMMAND_FAILED',
    `${name}: ${command.join(' ')} ${ending}${said === '' ? '' : `:\n${said}`}`,
    `The whole log is ${options.logFile}.`,
  );
}

/** All of stdout; null (and the process killed) when that is more than the bound. */
async function collect(child: HostProcess): Promise<string | null> {
  const { stdout } = child;
  if (stdout === null) return '';
  const chunks: Buffer[] = [];
  let bytes = 0;
  stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxOutputBytes) chunks.push(chunk);
    else void child.signal('SIGKILL');
  });
  await once(stdout, 'close');
  return bytes <= maxOutputBytes ? Buffer.concat(chunks).toString('utf8') : null;
}

function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.size,
    () => 0,
  );
}

/** The end of what a log gained since `from`, short enough to quote. */
async function tail(file: string, from: number): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const start = Math.max(from, size - quotedErrorChars);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, null, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
