import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExitStatus, Host, HostProcess, SpawnOptions } from '../host.ts';
import { runToEnd } from '../local.ts';
import { type Happening, type HostFacts, paths, type SpawnOrder } from './protocol.ts';
import type { Session } from './session.ts';

/** A machine as a Host: everything goes over one session, and ends with it on both sides. */
export async function remoteHost(
  spec: Pick<Host, 'name' | 'site' | 'address'>,
  session: Session,
  facts: HostFacts,
): Promise<Host> {
  const processes = new Processes(session);
  await session.follow((happening) => processes.take(happening));
  const spawn: Host['spawn'] = (command, options) => processes.spawn(command, options);
  return {
    ...spec,
    directory: facts.directory,
    program: (name, ...flags) => [facts.nodePath, ...flags, join(facts.root, 'dist', `${name}.js`)],
    spawn,
    run: (command, options) => runToEnd(spec.name, command, options, spawn),
    put: async (name, content) =>
      JSON.parse((await session.exchange(paths.put, name, content)).toString()),
    get: (path) => session.exchange(paths.get, path),
    sample: (pids) => session.call('sample', pids),
  };
}

/** A process there that has not ended yet. */
interface Running {
  readonly logFile: string;
  ended(status: ExitStatus): void;
}

class Processes {
  readonly #session: Session;
  readonly #running = new Map<number, Running>();
  #lastId = 0;

  constructor(session: Session) {
    this.#session = session;
    session.onLost((lost) => {
      for (const { ended } of this.#running.values()) ended({ code: null, signal: null, lost });
      this.#running.clear();
    });
  }

  take(happening: Happening): void {
    const running = this.#running.get(happening.id);
    if (running === undefined) return;
    if ('log' in happening) {
      appendFileSync(running.logFile, Buffer.from(happening.log, 'base64'), { mode: 0o600 });
      return;
    }
    this.#running.delete(happening.id);
    running.ended(happening.exit);
  }

  async spawn(command: readonly string[], options: SpawnOptions): Promise<HostProcess> {
    const session = this.#session;
    const { logFile, ...rest } = options;
    mkdirSync(dirname(logFile), { recursive: true });
    appendFileSync(logFile, '', { mode: 0o600 });
    const id = ++this.#lastId;
    const order: SpawnOrder = { id, command, ...rest };
    const exited = new Promise<ExitStatus>((ended) => {
      this.#running.set(id, { logFile, ended });
    });
    const piped = options.stdio === 'pipe';
    const body = piped ? undefined : '';
    const { stream, pid } = await session.open(paths.spawn, order, body).catch((error: unknown) => {
      this.#running.delete(id);
      throw error;
    });
    if (!piped) stream.resume();
    // A stream ends only when both halves have.
    void exited.then(() => stream.end());
    return {
      pid,
      stdin: piped ? stream : null,
      stdout: piped ? stream : null,
      exited,
      async signal(signal) {
        if (session.lost === null) await session.call('signal', { id, signal });
      },
      async end(graceMs) {
        if (session.lost === null) await session.call('end', { id, graceMs }).catch(() => {});
        return exited;
      },
    };
  }
}
