import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { HostError } from '../../errors.ts';
import { within } from '../../processes/waiting.ts';
import type { HostProcess } from '../host.ts';
import { startLocalProcess } from '../local-process.ts';
import { ownArchive } from './archive.ts';
import { Prologue } from './prologue.ts';
import { greeting, type HostFacts } from './protocol.ts';
import { Session } from './session.ts';
import { quoted, type SshTarget, sshCommand, sshHint } from './ssh.ts';

/** A machine that answers: its session, and what it said of itself. */
export interface Connection extends AsyncDisposable {
  readonly session: Session;
  readonly facts: HostFacts;
}

/** From the start of ssh to its first word, with time for a jump host; then for what is sent there. */
const answerMs = 45_000;
const shipMs = 180_000;
const greetMs = 20_000;
const leaveMs = 15_000;
const quotedChars = 1_500;
const leastNode = [20, 19] as const;

/** First word of the line that says what is there. */
const probeWord = 'busbench-probe';

/**
 * Says what is there, takes our code where it is not, and becomes our program. `head` takes exactly what it is told to,
 * so that what comes after the archive is left for the program. A folder appears by its renaming, whole or not at all.
 */
function bootScript(node: string | null, folder: string, runId: string, name: string): string {
  return `
node=${quoted(node ?? '')}
cache="\${XDG_CACHE_HOME:-$HOME/.cache}/busbench"
to="$cache/${folder}"
[ -n "$node" ] || node=$(command -v node || echo none)
version=$("$node" --version 2>/dev/null || echo none)
[ -f "$to/package.json" ] && have=yes || have=no
echo "${probeWord} $(uname -s) $(uname -m) $version $have $PATH"
read -r bytes || exit 0
if [ "$bytes" -gt 0 ]; then
  mkdir -p "$cache" && new=$(mktemp -d "$cache/.new-XXXXXX") || exit 8
  if head -c "$bytes" | tar -xzf - -C "$new"; then
    mv -T "$new" "$to" 2>/dev/null || rm -rf "$new"
  else
    rm -rf "$new"
    exit 8
  fi
fi
BUSBENCH_HOST=${quoted(name)} exec "$node" "$to/dist/orchestrator/hosts/remote/remote-main.js" ${quoted(runId)}
`;
}

/**
 * Connects to a machine and starts our far end there, sending our code first where it has not got this version. Rejects
 * with a HostError that has the last words of ssh and of the machine.
 */
export async function connectMachine(
  name: string,
  target: SshTarget,
  run: { readonly runId: string; readonly logs: string },
  signal: AbortSignal,
): Promise<Connection> {
  const logFile = join(run.logs, `host.${name}.log`);
  const command = sshCommand(target, bootScript(target.node, ownArchive().name, run.runId, name));
  // ssh wants what its user has: an agent, a ticket, a locale.
  const env = Object.fromEntries(Object.entries(process.env).map(([key, v]) => [key, v ?? '']));
  const ssh = await startLocalProcess(name, command, { stdio: 'pipe', logFile, env });
  const { stdin, stdout } = ssh;
  if (stdin === null || stdout === null) throw new Error('ssh was started without pipes');
  const machine: Machine = { name, target, logFile, ssh, stdin, stdout };
  try {
    const facts = await greet(machine, signal);
    const { session } = facts;
    void ssh.exited.then(async () => {
      const said = await lastWords(logFile);
      session.fail(`its ssh ended${said === '' ? '' : `:\n${said}`}`);
    });
    return {
      ...facts,
      async [Symbol.asyncDispose]() {
        if (session.lost === null) {
          const late = (): Error => notLeft(name, logFile);
          const never = new AbortController().signal;
          await within(session.call('leave', null), leaveMs, late, never).finally(() => {
            session.close();
          });
        }
        await ssh.end(1_000);
      },
    };
  } catch (error) {
    await ssh.end(500);
    throw error;
  }
}

interface Machine {
  readonly name: string;
  readonly target: SshTarget;
  readonly logFile: string;
  readonly ssh: HostProcess;
  readonly stdin: Writable;
  readonly stdout: Readable;
}

async function greet(
  machine: Machine,
  signal: AbortSignal,
): Promise<{ readonly session: Session; readonly facts: HostFacts }> {
  const { name, stdin, stdout } = machine;
  const prologue = new Prologue(stdout);
  const next = async (word: string, ms: number): Promise<string> => {
    const late = (): Error => unanswered(machine, `said nothing of ${word} within ${ms / 1e3} s`);
    const line = await within(prologue.lineThatBegins(word), ms, late, signal);
    if (line !== null) return line;
    await machine.ssh.exited;
    throw await refused(machine);
  };
  const found = await next(probeWord, answerMs);
  const isThere = checkProbe(machine, found);
  const archive = isThere ? Buffer.alloc(0) : await ownArchive().content();
  stdin.write(`${archive.length}\n`);
  if (!isThere) stdin.write(archive);
  await next(greeting, isThere ? greetMs : shipMs);
  prologue.release();
  const session = new Session(name, stdout, stdin);
  return { session, facts: await session.call('facts', null) };
}

/** Whether our code is there; throws for a machine that cannot run it. */
function checkProbe({ name, target }: Machine, line: string): boolean {
  const [, system, , version = 'none', have, ...path] = line.split(' ');
  if (system !== 'Linux') {
    throw new HostError(
      'HOST_UNFIT',
      `${name} (${target.ssh}): expected Linux, got ${system}`,
      'Agents and buses run on Linux machines.',
    );
  }
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number);
  const isNew = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]);
  if (version === 'none' || !isNew) {
    throw new HostError(
      'HOST_NODE',
      `${name} (${target.ssh}): expected node ${leastNode.join('.')} or later${target.node === null ? ` on the PATH of a shell without a terminal (${path.join(' ')})` : ` at ${target.node}`}, got ${version}`,
      'Install it there (nodejs.org, or a package), or name it in the scenario: hosts: [{ ssh: ..., node: /path/to/node }]. What nvm installs is on the PATH of terminals only.',
    );
  }
  return have === 'yes';
}

async function refused(machine: Machine): Promise<HostError> {
  const { name, target, logFile } = machine;
  const { code } = await machine.ssh.exited;
  const said = await lastWords(logFile);
  if (code === 255) {
    return new HostError(
      'HOST_UNREACHABLE',
      `${name}: ssh ${target.ssh} failed:\n${said}`,
      sshHint(target, said),
    );
  }
  return unanswered(machine, `ended with exit code ${code}:\n${said}`);
}

function unanswered({ name, target }: Machine, how: string): HostError {
  return new HostError(
    'HOST_NOT_STARTED',
    `${name}: our program on ${target.ssh} ${how}`,
    `ssh ${target.ssh} works; look at the disk (df ~/.cache /tmp) and at node there.`,
  );
}

function notLeft(name: string, logFile: string): HostError {
  return new HostError(
    'HOST_NOT_LEFT',
    `${name} has not said within ${leaveMs / 1e3} s that everything is removed`,
    `See ${logFile}. Its far end clears up by itself once the connection is gone.`,
  );
}

async function lastWords(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trim().slice(-quotedChars);
}
