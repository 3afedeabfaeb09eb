import { BusError } from '../../errors.ts';
import { CallError } from '../../hosts/calls.ts';
import type { Gateway } from './gateway-client.ts';
import type { GatewayCalls } from './gateway-protocol.ts';

/** The management API of one node, reached through the gateway on its host. */
export class Management {
  readonly #gateway: Gateway;
  readonly #node: string;
  readonly #host: string;
  readonly #port: number;
  readonly #auth: string;

  constructor(gateway: Gateway, node: string, host: string, port: number, auth: string) {
    this.#gateway = gateway;
    this.#node = node;
    this.#host = host;
    this.#port = port;
    this.#auth = auth;
  }

  /** Parsed body of a GET; null when the node does not answer or says no. */
  async tryGet(path: string, signal: AbortSignal): Promise<unknown> {
    const { status, body } = await this.#send('GET', path, null, signal);
    return status === 200 ? JSON.parse(body) : null;
  }

  /** Rejects with RABBITMQ_MANAGEMENT, quoting the broker, unless the answer is a success. */
  async send(method: string, path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const text = body === null ? null : JSON.stringify(body);
    const answer = await this.#send(method, path, text, signal);
    if (answer.status >= 200 && answer.status < 300) {
      return answer.body === '' ? null : JSON.parse(answer.body);
    }
    const said = answer.status === 0 ? answer.body : `HTTP ${answer.status} ${reason(answer.body)}`;
    throw new BusError(
      'RABBITMQ_MANAGEMENT',
      `${this.#node}: ${method} ${path}: ${said}`,
      `What the node says about it is in ${this.#node}.log.`,
    );
  }

  /** The Prometheus page of the node; empty when it does not answer. */
  async page(port: number, signal: AbortSignal): Promise<string> {
    const at = { host: this.#host, port, auth: this.#auth };
    const asked = { method: 'GET', path: '/metrics', body: null, ...at };
    const { status, body } = await this.#ask(asked, signal);
    return status === 200 ? body : '';
  }

  #send(
    method: string,
    path: string,
    body: string | null,
    signal: AbortSignal,
  ): Promise<Http['answer']> {
    const at = { host: this.#host, port: this.#port, auth: this.#auth };
    return this.#ask({ method, path: `/api${path}`, body, ...at }, signal);
  }

  /** Status 0 stands for a node that cannot be reached. */
  async #ask(asked: Http['ask'], signal: AbortSignal): Promise<Http['answer']> {
    try {
      return await this.#gateway.ask('http', asked, { signal });
    } catch (error) {
      if (error instanceof CallError) return { status: 0, body: error.message };
      throw error;
    }
  }
}

type Http = GatewayCalls['http'];

/** The broker explains itself as `{"error": ..., "reason": ...}`. */
function reason(body: string): string {
  try {
    const { reason: said } = JSON.parse(body) as { readonly reason?: unknown };
    return typeof said === 'string' ? said : body.slice(0, 300);
  } catch {
    return body.slice(0, 300);
  }
}

/** A path below `/api` on the virtual host of the run. */
export function vhostPath(...parts: readonly string[]): string {
  const [kind = '', ...names] = parts;
  return ['', kind, '%2F', ...names.map(encodeURIComponent)].join('/');
}
