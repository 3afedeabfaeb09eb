import rhea, { type Connection, type EventContext, type Message, type Source } from 'rhea';
import { dynamicAddress } from '../../../agents/drivers/rhea/library.ts';
import type { Json } from '../../../topologies/json.ts';
import { BusError } from '../../errors.ts';
import {
  attributes,
  type ManagementAnswer,
  type ManagementType,
  type RouterRow,
} from './management-calls.ts';

const entities: Readonly<Record<string, Readonly<Record<ManagementType, string>>>> = {
  'qpid-dispatch-router': {
    node: 'org.apache.qpid.dispatch.router.node',
    address: 'org.apache.qpid.dispatch.router.address',
    link: 'org.apache.qpid.dispatch.router.link',
    connection: 'org.apache.qpid.dispatch.connection',
    totals: 'org.apache.qpid.dispatch.router',
  },
  'skupper-router': {
    node: 'io.skupper.router.router.node',
    address: 'io.skupper.router.router.address',
    link: 'io.skupper.router.router.link',
    connection: 'io.skupper.router.connection',
    totals: 'io.skupper.router.routerMetrics',
  },
};

/** AMQP management of one router: a connection that lasts until it fails, one query at a time a caller. */
export class ManagementClient {
  readonly #connection: Connection;
  readonly #ready: Promise<string>;
  readonly #waiting = new Map<number, (answer: Message | Error) => void>();
  #next = 1;
  #failure: Error | null = null;

  constructor(host: string, port: number) {
    this.#connection = rhea.create_container().create_connection({
      host,
      port,
      username: 'anonymous',
      reconnect: false,
    });
    for (const event of ['disconnected', 'connection_close', 'connection_error', 'session_error']) {
      this.#connection.on(event, (context: EventContext) => this.#fail(context));
    }
    this.#connection.on('error', (error: Error) => this.#fail({ error }));
    this.#connection.on('protocol_error', (error: Error) => this.#fail({ error }));
    this.#connection.connect();
    const replies = this.#connection.open_receiver({
      source: { dynamic: true } as Source,
    });
    const requests = this.#connection.open_sender({ target: { address: '$management' } });
    replies.on('message', ({ message }: EventContext) => {
      if (message === undefined) return;
      this.#waiting.get(Number(message.correlation_id))?.(message as Message);
    });
    for (const outcome of ['rejected', 'released', 'modified']) {
      requests.on(outcome, () => this.#fail({ error: new Error(`$management: ${outcome}`) }));
    }
    this.#ready = new Promise((resolve, reject) => {
      this.#waiting.set(0, (answer) => (answer instanceof Error ? reject(answer) : undefined));
      requests.once('sendable', () => resolve(dynamicAddress(replies) ?? ''));
    });
    this.#ready.catch(() => undefined);
    this.#send = (message) => void requests.send(message);
  }

  readonly #send: (message: Message) => void;

  /** Why this client can be asked no more; null while it can. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** All rows of one type. Rejects when the router does not answer in time or refuses. */
  async query<T extends ManagementType>(type: T): Promise<ManagementAnswer<T>> {
    const replyTo = await this.#ready;
    const { product, version } = this.#peer();
    const entityType = entities[product]?.[type];
    if (entityType === undefined) throw new Error(`${product} is no router that we know`);
    const id = this.#next++;
    const answer = await new Promise<Message>((resolve, reject) => {
      this.#waiting.set(id, (got) => (got instanceof Error ? reject(got) : resolve(got)));
      this.#send({
        correlation_id: id,
        reply_to: replyTo,
        application_properties: {
          operation: 'QUERY',
          type: 'org.amqp.management',
          entityType,
          name: 'self',
        },
        body: { attributeNames: [...attributes[type]] },
      });
    }).finally(() => this.#waiting.delete(id));
    // A router that lacks an attribute answers null.
    return { product, version, rows: rowsOf(answer) as unknown as RouterRow<T>[] };
  }

  close(): void {
    this.#connection.close();
  }

  #peer(): { readonly product: string; readonly version: string } {
    const { product, version } = this.#connection.properties ?? {};
    return { product: String(product), version: String(version) };
  }

  #fail({ error }: { readonly error?: Error }): void {
    this.#failure ??= error ?? new Error('the router closed the connection');
    for (const settle of this.#waiting.values()) settle(this.#failure);
    this.#waiting.clear();
  }
}

/** A QUERY answer holds attribute names once and a list of values a row. */
function rowsOf(answer: Message): { readonly [attribute: string]: Json }[] {
  const properties = answer.application_properties ?? {};
  const status = Number(properties['statusCode']);
  if (status < 200 || status > 299) {
    throw new BusError(
      'MANAGEMENT_REFUSED',
      `a router refused to be queried: expected status 200, got ${status} ${String(properties['statusDescription'] ?? '')}`,
      'Is it a qdrouterd 1.x or skrouterd 3.x with $management open to anonymous clients?',
    );
  }
  const { attributeNames, results } = answer.body as {
    readonly attributeNames: readonly string[];
    readonly results: readonly (readonly unknown[])[];
  };
  return results.map((values) =>
    Object.fromEntries(attributeNames.map((name, i) => [name, toJson(values[i])])),
  );
}

/** AMQP values as JSON: counters beyond 32 bits come as buffers or typed wrappers. */
function toJson(value: unknown): Json {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
    return value;
  }
  if (Buffer.isBuffer(value)) {
    return value.length === 8 ? Number(value.readBigUInt64BE()) : value.toString();
  }
  if (Array.isArray(value)) return value.map(toJson);
  return JSON.parse(JSON.stringify(value)) as Json;
}
