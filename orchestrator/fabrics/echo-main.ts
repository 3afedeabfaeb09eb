import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { nowUs } from '../../agents/clock.ts';
import { serveCalls } from '../hosts/calls.ts';
import { pace, probeDatagrams, serveDatagrams } from './echo-datagrams.ts';
import type { EchoCalls, ProbeOrder } from './echo-protocol.ts';
import type { Endpoint } from './fabric.ts';
import { raisePriority } from './priority.ts';

// The echo program: answers and sends the probes that measure round trips, driven over stdio.

const probeBytes = 64;

async function serve({ address, datagrams }: EchoCalls['serve']['ask']): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen({ host: address, port: 0, exclusive: true });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  if (datagrams) await serveDatagrams({ address, port });
  return port;
}

/** One target's probes under way, oldest first, and the round trips of those that came back. */
interface Course {
  readonly socket: Socket;
  readonly sentUs: number[];
  readonly rttsUs: number[];
}

async function probe(order: ProbeOrder): Promise<number[][]> {
  const courses = await Promise.all(order.targets.map((target) => openCourse(target, order)));
  const rounds = order.warmUps + order.probes;
  const done = Promise.all(courses.map((course) => finished(course, rounds, order)));
  const message = Buffer.alloc(probeBytes);
  const sending = pace(rounds * courses.length, 1e6 / order.probesPerSecond, (turn) => {
    const course = courses[turn % courses.length];
    course?.sentUs.push(nowUs());
    course?.socket.write(message);
  });
  try {
    await Promise.all([done, sending]);
  } finally {
    for (const { socket } of courses) socket.destroy();
  }
  return courses.map(({ rttsUs }) => rttsUs.slice(order.warmUps));
}

/** Connects, and proves the way by a first echo: the handshake's round trips are nobody's probe. */
async function openCourse({ address, port }: Endpoint, order: ProbeOrder): Promise<Course> {
  const socket = connect({ host: address, port, noDelay: true });
  const signal = AbortSignal.timeout(order.timeoutMs);
  try {
    socket.write(Buffer.alloc(probeBytes));
    for (let bytes = 0; bytes < probeBytes; ) {
      const [chunk] = await once(socket, 'data', { signal });
      bytes += chunk.length;
    }
  } catch (error) {
    socket.destroy();
    if (!signal.aborted) throw error;
    throw new Error(`no echo from ${address}:${port} in ${order.timeoutMs} ms`, { cause: error });
  }
  return { socket, sentUs: [], rttsUs: [] };
}

/** Settles when `rounds` echoes are back, in order because TCP keeps it. */
function finished(course: Course, rounds: number, order: ProbeOrder): Promise<void> {
  const { socket, sentUs, rttsUs } = course;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const place = `${socket.remoteAddress}:${socket.remotePort}`;
      reject(
        new Error(`${rttsUs.length} of ${rounds} echoes from ${place} in ${order.timeoutMs} ms`),
      );
    }, order.timeoutMs);
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      const now = nowUs();
      bytes += chunk.length;
      while (bytes >= (rttsUs.length + 1) * probeBytes) {
        rttsUs.push(now - (sentUs[rttsUs.length] ?? now));
      }
      if (rttsUs.length < rounds) return;
      clearTimeout(timer);
      resolve();
    });
    socket.on('error', reject);
    socket.on('end', () => reject(new Error('the echo hung up')));
  });
}

// It is the network that is measured, not how long a busy machine keeps us waiting.
raisePriority();
serveCalls<EchoCalls>({ serve, probe, probeDatagrams });
