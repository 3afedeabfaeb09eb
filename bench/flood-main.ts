import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { serveCalls } from '../orchestrator/hosts/calls.ts';
import type { FloodCalls } from './relay.ts';

// The flood program: one says as much as it can to whoever connects, another takes it in.

const chunk = Buffer.alloc(256 * 1024);

function pour(socket: Socket): void {
  while (socket.writable && socket.write(chunk));
}

async function pourAt(address: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('drain', () => pour(socket));
    pour(socket);
  });
  server.listen({ host: address, port: 0 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

let taken = 0;
const sinks: Socket[] = [];

serveCalls<FloodCalls>({
  pour: ({ address }) => pourAt(address),
  take({ target, streams }) {
    for (let i = 0; i < streams; i++) {
      const onread = {
        buffer: Buffer.alloc(256 * 1024),
        callback(bytes: number): boolean {
          taken += bytes;
          return true;
        },
      };
      sinks.push(
        connect({ host: target.address, port: target.port, onread }).on('error', () => {}),
      );
    }
    return null;
  },
  taken: () => taken,
  stop() {
    for (const sink of sinks.splice(0)) sink.destroy();
    return null;
  },
});
