import { once } from 'node:events';
import { type AddressInfo, isIPv6 } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import {
  channelSecurity,
  type JoinRequest,
  joiningVersion,
  keyIdentity,
  keyOf,
  say,
} from '../../agents/joining.ts';
import { nextLine } from '../../agents/lines.ts';
import { AgentError, UsageError } from '../errors.ts';
import { busbenchVersion } from '../processes/program.ts';
import { within } from '../processes/waiting.ts';
import type { Joined } from './joined.ts';
import { joinRequest } from './request.ts';

/** How many agents of each role a test is made of. */
export interface Wanted {
  readonly clients: number;
  readonly servers: number;
}

interface MeetingOptions {
  readonly address: string;
  readonly port: number;
  readonly token: string;
  readonly wanted: Wanted;
  /** Who joined, who left, who was refused. */
  readonly tell: (line: string) => void;
}

const handshakeMs = 10_000;
const introductionMs = 10_000;
const keepAliveMs = 5_000;
/** A refused agent has this long to read why. */
const partingMs = 2_000;

/** Agents of a test that agree on all of this, or do not belong together. */
const common = ['protocol', 'login', 'ca'] as const;

/**
 * Where agents that were started by hand join a test. It is over when as many as wanted are there; whoever comes then is
 * refused. Nobody is listened to without the token.
 */
export class Meeting implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: MeetingOptions;
  readonly #here: Joined[] = [];
  readonly #refused: string[] = [];
  readonly #sockets = new Set<TLSSocket>();
  #complete = false;
  #onChange: () => void = () => {};

  private constructor(server: Server, options: MeetingOptions) {
    this.#server = server;
    this.#options = options;
  }

  /** Listens; rejects with LISTEN_FAILED where that cannot be. */
  static async open(options: MeetingOptions): Promise<Meeting> {
    const psk = keyOf(options.token);
    const server = createServer({
      ...channelSecurity,
      handshakeTimeout: handshakeMs,
      pskCallback: (_socket, identity) => (identity === keyIdentity ? psk : null),
    });
    const meeting = new Meeting(server, options);
    server.on('secureConnection', (socket) => void meeting.#greet(socket));
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      meeting.#note(`refused ${socket.remoteAddress ?? 'somebody'}: ${mistrust(error)}`);
    });
    server.listen(options.port, options.address);
    try {
      await once(server, 'listening');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new UsageError(
        'LISTEN_FAILED',
        `cannot listen on ${options.address}:${options.port} (${code})`,
        'Name a free port of this machine with --listen [address:]port.',
        { cause },
      );
    }
    return meeting;
  }

  /** Where agents dial. */
  get where(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `${isIPv6(address) ? `[${address}]` : address}:${port}`;
  }

  /** Everybody wanted, in the order they joined; rejects with AGENTS_MISSING after `timeoutMs`. */
  async everybody(timeoutMs: number, signal: AbortSignal): Promise<readonly Joined[]> {
    const all = new Promise<void>((resolve) => {
      this.#onChange = () => {
        const { clients, servers } = this.#missing();
        if (clients + servers > 0) return;
        this.#complete = true;
        resolve();
      };
      this.#onChange();
    });
    await within(all, timeoutMs, () => this.#incomplete(timeoutMs), signal);
    return [...this.#here];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#complete = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #missing(): Wanted {
    const { wanted } = this.#options;
    const here = (role: JoinRequest['role']): number =>
      this.#here.filter(({ request }) => request.role === role).length;
    return {
      clients: wanted.clients - here('client'),
      servers: wanted.servers - here('server'),
    };
  }

  #incomplete(timeoutMs: number): AgentError {
    const { wanted } = this.#options;
    const names = this.#here.map(({ request }) => `${request.name} at ${request.site}`);
    const refused = this.#refused.length === 0 ? '' : `; ${this.#refused.slice(-5).join('; ')}`;
    return new AgentError(
      'AGENTS_MISSING',
      `expected clients=${wanted.clients}, servers=${wanted.servers} to join ${this.where} within ${Math.round(timeoutMs / 1e3)} s; ${names.length === 0 ? 'nobody did' : `got ${names.join(', ')}`}${refused}`,
      'Start the others with --join, that address and the same token, or ask for fewer with --wait-for.',
    );
  }

  async #greet(socket: TLSSocket): Promise<void> {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    const address = socket.remoteAddress ?? '';
    const timer = setTimeout(() => socket.destroy(), introductionMs);
    const line = await nextLine(socket).catch(() => null);
    clearTimeout(timer);
    if (line === null) return;
    const request = parse(line);
    if (request !== null && this.#complete && this.#find(request.name) !== undefined) {
      say(socket, { type: 'later' });
      socket.end();
      return;
    }
    const problem = request === null ? foreign(line) : this.#objection(request);
    if (request === null || problem !== null) {
      const { message, hint } = problem ?? foreign(line);
      this.#note(`refused ${request?.name ?? 'an agent'} from ${address}: ${message}`);
      say(socket, { type: 'refused', message, hint });
      socket.end();
      setTimeout(() => socket.destroy(), partingMs).unref();
      return;
    }
    const joined = { request, socket, address };
    this.#here.push(joined);
    socket.once('close', () => this.#left(joined));
    say(socket, { type: 'joined' });
    this.#options.tell(`${describe(request)} joined from ${address}${this.#stillMissing()}`);
    this.#onChange();
  }

  #stillMissing(): string {
    const { clients, servers } = this.#missing();
    return clients + servers === 0 ? '' : `; still to come: clients=${clients}, servers=${servers}`;
  }

  /** Why this agent cannot take part; null when it can. */
  #objection(request: JoinRequest): Refusal | null {
    const { wanted } = this.#options;
    if (request.version !== joiningVersion || request.busbench !== busbenchVersion()) {
      return {
        message: `expected busbench ${busbenchVersion()}, got ${request.busbench}`,
        hint: 'Install the same version on every machine.',
      };
    }
    const twin = this.#find(request.name);
    if (twin !== undefined) {
      return {
        message: `an agent named ${request.name} is here already, from ${twin.address}`,
        hint: 'Give this one another --name.',
      };
    }
    const missing = this.#missing();
    if (this.#complete || missing[`${request.role}s`] <= 0) {
      return {
        message: `the test is complete: clients=${wanted.clients}, servers=${wanted.servers} are here`,
        hint: 'Raise --wait-for of the controller, or wait for its next test.',
      };
    }
    return this.#disagreement(request);
  }

  #find(name: string): Joined | undefined {
    return this.#here.find((other) => other.request.name === name);
  }

  #disagreement(request: JoinRequest): Refusal | null {
    const [first] = this.#here;
    const hint =
      'Agents of one test speak one protocol and use one login; those of a site one broker.';
    const unlike = common.find(
      (key) => first && JSON.stringify(first.request[key]) !== JSON.stringify(request[key]),
    );
    if (unlike !== undefined) {
      return { message: `its ${unlike} is not that of the agents that are here`, hint };
    }
    const neighbour = this.#here.find((other) => other.request.site === request.site);
    const url = neighbour?.request.url ?? request.url;
    if (url === request.url) return null;
    return {
      message: `at site ${request.site}: expected the broker ${url}, got ${request.url}`,
      hint,
    };
  }

  #left({ request, socket }: Joined): void {
    const at = this.#here.findIndex((other) => other.socket === socket);
    if (at < 0 || this.#complete) return;
    this.#here.splice(at, 1);
    this.#note(`${describe(request)} is gone again${this.#stillMissing()}`);
  }

  #note(line: string): void {
    this.#refused.push(line);
    this.#options.tell(line);
  }
}

interface Refusal {
  readonly message: string;
  readonly hint: string;
}

function parse(line: string): JoinRequest | null {
  try {
    return joinRequest.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

/** It has the token, but what it says is not what this version says. */
function foreign(line: string): Refusal {
  const said = /"busbench":"([^"]{1,64})"/.exec(line)?.[1];
  return {
    message: `expected busbench ${busbenchVersion()}, got ${said ?? 'something else'}`,
    hint: 'Install the same version on every machine.',
  };
}

function describe({ role, name, site, peers }: JoinRequest): string {
  return `${role} ${name} (site ${site}, ${peers === 1 ? '1 peer' : `${peers} peers`})`;
}

/** What a handshake that failed says about who it was. */
function mistrust({ code = '', message }: NodeJS.ErrnoException): string {
  if (/BINDER|DECRYPT|BAD_RECORD_MAC/.test(code)) return 'another token';
  if (/SIGNATURE_ALGORITHM|NO_SHARED_CIPHER/.test(code)) return 'no agent of this version';
  if (/HTTP_REQUEST|WRONG_VERSION|UNSUPPORTED_PROTOCOL/.test(code)) return 'not a busbench agent';
  return message;
}
