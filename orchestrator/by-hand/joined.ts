import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { type JoinRequest, say } from '../../agents/joining.ts';
import { HostError } from '../errors.ts';
import type { ExitStatus, Host, HostProcess } from '../hosts/host.ts';
import { within } from '../processes/waiting.ts';

/** An agent that somebody started and that joined us. */
export interface Joined {
  readonly request: JoinRequest;
  readonly socket: TLSSocket;
  /** Where it joined from. */
  readonly address: string;
}

/** The place of an agent that joined: nothing can be started there but the agent, which runs already. */
export function joinedHost({ request, socket, address }: Joined): Host {
  const { name, site } = request;
  const refuse = async (): Promise<never> => {
    throw notOurs(name);
  };
  return {
    name,
    site,
    address,
    directory: '',
    spawn: async () => {
      say(socket, { type: 'begin' });
      return joinedProcess(name, request.pid, socket);
    },
    run: refuse,
    put: refuse,
    get: refuse,
    sample: async (pids) => pids.map(() => null),
    samples: false,
    program: () => [],
  };
}

function joinedProcess(name: string, pid: number, socket: TLSSocket): HostProcess {
  const gone: ExitStatus = { code: null, signal: null };
  const exited = new Promise<ExitStatus>((resolve) => {
    if (socket.destroyed) resolve(gone);
    else socket.once('close', () => resolve(gone));
  });
  return {
    pid,
    stdin: socket,
    stdout: socket,
    exited,
    signal: async () => {
      throw notOurs(name);
    },
    end: async (graceMs) => {
      socket.end();
      const late = (): Error => new Error('late');
      await within(exited, graceMs, late, new AbortController().signal).catch(() => {});
      socket.destroy();
      if (!socket.closed) await once(socket, 'close');
      return gone;
    },
  };
}

function notOurs(name: string): HostError {
  return new HostError(
    'AGENT_NOT_OURS',
    `the agent ${name} was started by hand: busbench can only talk to it`,
    'What needs processes to be started, stopped or signalled needs a fabric: see `busbench run`.',
  );
}
