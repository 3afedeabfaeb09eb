import { BusError } from '../../errors.ts';
import type { Gateway } from './gateway-client.ts';
import type { GatewayAnswer } from './gateway-protocol.ts';

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
    const answer = await this.#send('GET', path, null, signal);
    return answer.status === 200 && answer.body !== undefined ? JSON.parse(answer.body) : null;
  }

  /** Rejects with RABBITMQ_MANAGEMENT, quoting the broker, unless the answer is a success. */
  async send(method: string, path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const text = body === null ? null : JSON.stringify(body);
    const { status = 0, body: said = '', error } = await this.#send(method, path, text, signal);
    if (status >= 200 && status < 300) return said === '' ? null : JSON.parse(said);
    throw new BusError(
      'RABBITMQ_MANAGEMENT',
      `${this.#node}: ${method} ${path}: ${error ?? `HTTP ${status} ${reasonIn(said)}`}`,
      `What the node says about it is in ${this.#node}.log.`,
    );
  }

  /** The Prometheus page of the node; empty when it does not answer. */
  async page(port: number, signal: AbortSignal): Promise<string> {
    const at = { host: this.#host, port, auth: this.#auth };
    const asked = { kind: 'http', method: 'GET', path: '/metrics', body: null, ...at } as const;
    const { status, body } = await this.#gateway.ask(asked, signal).catch(() => unanswered);
    return status === 200 && body !== undefined ? body : '';
  }

  #send(
    method: string,
    path: string,
    body: string | null,
    signal: AbortSignal,
  ): ReturnType<Gateway['ask']> {
    const at = { host: this.#host, port: this.#port, auth: this.#auth };
    return this.#gateway.ask({ kind: 'http', method, path: `/api${path}`, body, ...at }, signal);
  }
}

const unanswered: GatewayAnswer = { error: 'no answer' };

/** The broker explains itself as `{"error": ..., "reason": ...}`. */
function reasonIn(body: string): string {
  try {
    const { reason } = JSON.parse(body) as { readonly reason?: unknown };
    return typeof reason === 'string' ? reason : body.slice(0, 300);
  } catch {
    return body.slice(0, 300);
  }
}

/** A path below `/api` on the virtual host of the run. */
export function vhostPath(...parts: readonly string[]): string {
  const [kind = '', ...names] = parts;
  return ['', kind, '%2F', ...names.map(encodeURIComponent)].join('/');
}
