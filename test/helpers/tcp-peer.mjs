// A TCP peer that runs on a Host and is driven over stdio: it echoes, sends numbered bytes and times them.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { serveCalls } from '../../dist/orchestrator/hosts/calls.js';

const seen = { connections: 0, bytes: 0, resets: 0, ends: 0 };
const clients = [];

/** A byte that depends on its place in the stream, so that loss, doubling and disorder all show. */
function fill(from, length) {
  const buffer = Buffer.alloc(length);
  for (let i = 0; i < length; i++) buffer[i] = ((from + i) * 167 + ((from + i) >>> 8)) & 0xff;
  return buffer;
}

async function listen({ address, port }) {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    seen.connections++;
    socket.on('data', (chunk) => {
      seen.bytes += chunk.length;
    });
    socket.on('error', (error) => {
      if (error.code === 'ECONNRESET') seen.resets++;
    });
    socket.on('end', () => {
      seen.ends++;
    });
    socket.pipe(socket);
  });
  server.listen({ host: address, port: port ?? 0 });
  await once(server, 'listening');
  return server.address().port;
}

async function open({ address, port }) {
  const startedMs = performance.now();
  const socket = connect({ host: address, port, noDelay: true, allowHalfOpen: true });
  const client = { socket, sent: 0, received: 0, wrong: 0, ended: false, error: null, waiting: [] };
  client.startedMs = startedMs;
  const wake = () => {
    client.waiting = client.waiting.filter((check) => !check());
  };
  socket.on('data', (chunk) => {
    if (!fill(client.received, chunk.length).equals(chunk)) client.wrong++;
    client.received += chunk.length;
    wake();
  });
  socket.on('end', () => {
    client.ended = true;
    wake();
  });
  socket.on('error', (error) => {
    client.error = error.code;
    wake();
  });
  await once(socket, 'connect');
  clients.push(client);
  return clients.length - 1;
}

/** Resolves with the time, ms, when `condition` holds; rejects when the connection fails before. */
function until(client, condition) {
  return new Promise((resolve, reject) => {
    const check = () => {
      if (condition()) resolve(performance.now());
      else if (client.error !== null) reject(new Error(client.error));
      else return false;
      return true;
    };
    if (!check()) client.waiting.push(check);
  });
}

function write(client, bytes) {
  client.socket.write(fill(client.sent, bytes));
  client.sent += bytes;
  return client.sent;
}

serveCalls({
  listen,
  open,
  /** Round trips in ms of `count` messages, one every `periodMs`. */
  async exchange({ id, count, bytes, periodMs }) {
    const client = clients[id];
    const trips = [];
    for (let i = 0; i < count; i++) {
      const sentMs = performance.now();
      const target = write(client, bytes);
      trips.push(until(client, () => client.received >= target).then((doneMs) => doneMs - sentMs));
      if (periodMs > 0) await new Promise((resolve) => setTimeout(resolve, periodMs));
    }
    return { rttsMs: await Promise.all(trips), wrong: client.wrong };
  },
  /** Ms from the call of `open` to the first byte of an echo. */
  async firstByte({ id }) {
    const client = clients[id];
    write(client, 1);
    return (await until(client, () => client.received > 0)) - client.startedMs;
  },
  send({ id, bytes }) {
    write(clients[id], bytes);
    return null;
  },
  /** Sends FIN and resolves with the ms until the other end has closed too. */
  async finish({ id }) {
    const client = clients[id];
    const startedMs = performance.now();
    client.socket.end();
    return (await until(client, () => client.ended)) - startedMs;
  },
  /** Resolves with the error code that the connection ends with. */
  async fate({ id }) {
    const client = clients[id];
    await until(client, () => client.error !== null || client.ended);
    return client.error ?? 'ended';
  },
  reset({ id }) {
    clients[id].socket.resetAndDestroy();
    return null;
  },
  client({ id }) {
    const { sent, received, wrong, ended, error } = clients[id];
    return { sent, received, wrong, ended, error };
  },
  seen: () => seen,
});
