import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { serveCalls } from '../../hosts/calls.ts';
import { freePorts, takenPorts } from '../../processes/free-ports.ts';
import type { GatewayCalls } from './gateway-protocol.ts';

// Runs on the host of a bus node and speaks HTTP to the node's management API there, because the orchestrator may be
// outside the node's network. Ends with its stdin.

const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const timeoutMs = 30_000;

type Http = GatewayCalls['http'];

function http(ask: Http['ask']): Promise<Http['answer']> {
  return new Promise((resolve, reject) => {
    const { body, ...where } = ask;
    const headers = body === null ? {} : { 'content-type': 'application/json' };
    const sent = request({ ...where, agent, headers, timeout: timeoutMs });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    sent.end(body ?? undefined);
  });
}

/** Names registered with the local epmd; null when it cannot be reached (NAMES_REQ of the distribution protocol). */
function epmdNames(port: number): Promise<readonly string[] | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from([0, 1, 110])));
    socket.on('error', () => resolve(null));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => {
      const text = Buffer.concat(chunks).subarray(4).toString();
      resolve([...text.matchAll(/^name (\S+) at port/gm)].map((match) => match[1] ?? ''));
    });
  });
}

serveCalls<GatewayCalls>({
  http,
  // RabbitMQ probes its distribution port on the wildcard address.
  ports: ({ count }) => freePorts('0.0.0.0', count),
  taken: ({ ports }) => takenPorts('0.0.0.0', ports),
  epmd: ({ port }) => epmdNames(port),
});
