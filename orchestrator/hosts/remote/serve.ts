import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { lineOf } from '../../../agents/lines.ts';
import { BenchError } from '../../errors.ts';
import { ownFacts } from './facts.ts';
import type { Household } from './household.ts';
import {
  decodeOrder,
  type Happening,
  orderHeader,
  paths,
  type RemoteCalls,
  type RemoteRefusal,
  type SpawnOrder,
} from './protocol.ts';

type Handlers = {
  readonly [K in keyof RemoteCalls]: (
    ask: RemoteCalls[K]['ask'],
  ) => Promise<RemoteCalls[K]['answer']> | RemoteCalls[K]['answer'];
};

/** Answers every request of a session on behalf of a household. */
export function serve(session: ServerHttp2Session, household: Household): void {
  const { host } = household;
  const news = new News();
  const handlers: Handlers = {
    facts: () => ownFacts(household.directory, household.cleared),
    signal: async ({ id, signal }) => {
      await household.process(id)?.signal(signal);
      return null;
    },
    end: ({ id, graceMs }) => {
      void household.process(id)?.end(graceMs);
      return null;
    },
    resolve: (name) =>
      lookup(name, 4).then(
        ({ address }) => address,
        () => null,
      ),
    sample: (pids) => host.sample(pids),
    leave: async () => {
      await household[Symbol.asyncDispose]();
      return null;
    },
  };
  const call = async (stream: ServerHttp2Stream, order: unknown): Promise<void> => {
    const { name, ask } = order as { name: keyof RemoteCalls; ask: never };
    respond(stream, JSON.stringify(await handlers[name](ask)));
  };
  const requests: Readonly<
    Record<string, (stream: ServerHttp2Stream, order: unknown) => Promise<void> | void>
  > = {
    [paths.call]: call,
    [paths.happenings]: (stream) => news.goesTo(stream),
    [paths.spawn]: (stream, order) => spawn(household, news, stream, order as SpawnOrder),
    [paths.put]: async (stream, name) => {
      respond(stream, JSON.stringify(await host.put(String(name), await buffer(stream))));
    },
    [paths.get]: async (stream, path) => respond(stream, await host.get(String(path))),
  };
  session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    // A stream that the other side has given up is not our failure.
    stream.on('error', () => {});
    const path = String(headers[':path']);
    void Promise.resolve()
      .then(() => requests[path]?.(stream, decodeOrder(headers[orderHeader])))
      .catch((error: unknown) => refuse(stream, error));
  });
}

function respond(stream: ServerHttp2Stream, body: string | Buffer): void {
  stream.respond({ ':status': 200 });
  stream.end(body);
}

function refuse(stream: ServerHttp2Stream, error: unknown): void {
  if (stream.destroyed || stream.headersSent) return;
  const message = error instanceof Error ? error.message : String(error);
  const refusal: RemoteRefusal =
    error instanceof BenchError
      ? { code: error.code, message, hint: error.hint }
      : {
          code: 'HOST_REFUSED',
          message,
          hint: 'The machine itself said no; look at the disk and the rights there.',
        };
  stream.respond({ ':status': 500 });
  stream.end(JSON.stringify(refusal));
}

async function spawn(
  household: Household,
  news: News,
  stream: ServerHttp2Stream,
  order: SpawnOrder,
): Promise<void> {
  const child = await household.spawn(order, (happening) => news.tell(happening));
  stream.respond({ ':status': 200, 'busbench-pid': String(child.pid) });
  if (order.stdio === 'log') {
    stream.end();
    return;
  }
  if (child.stdin !== null) stream.pipe(child.stdin);
  child.stdout?.pipe(stream);
  // Should the other side give up its end, the process sees a closed pipe, as it would here.
  stream.on('close', () => {
    child.stdin?.end();
    child.stdout?.resume();
  });
}

/** What happens, told in order on one stream; what happened before anybody listened is told first. */
class News {
  #stream: ServerHttp2Stream | null = null;
  readonly #early: string[] = [];

  goesTo(stream: ServerHttp2Stream): void {
    stream.respond({ ':status': 200 });
    this.#stream = stream;
    for (const line of this.#early.splice(0)) stream.write(line);
  }

  /** Settles when more may be told. */
  async tell(happening: Happening): Promise<void> {
    const line = lineOf(happening);
    if (this.#stream === null) this.#early.push(line);
    else if (!this.#stream.destroyed && !this.#stream.write(line)) {
      await Promise.race([once(this.#stream, 'drain'), once(this.#stream, 'close')]);
    }
  }
}
