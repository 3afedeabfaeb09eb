import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Alarm } from '../../agents/alarm.ts';
import { nowUs } from '../../agents/clock.ts';
import type { DatagramAnswer, DatagramOrder } from './echo-protocol.ts';
import type { Endpoint } from './fabric.ts';

const probeBytes = 64;

/** Sends every datagram back to where it came from. */
export async function serveDatagrams({ address, port }: Endpoint): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => socket.send(message, from.port, from.address));
  socket.bind(port, address);
  await once(socket, 'listening');
}

/** The probes to one target: when each was sent, by number, and the round trips of those that came back. */
interface Volley {
  readonly socket: Socket;
  readonly sentUs: Float64Array;
  readonly rttsUs: number[];
  answered: number;
}

/** Round trips of datagrams; what has not come back some time after the last was sent counts as lost. */
export async function probeDatagrams(order: DatagramOrder): Promise<DatagramAnswer> {
  const rounds = order.warmUps + order.probes;
  const volleys = await Promise.all(
    order.targets.map((target) => openVolley(target, rounds, order)),
  );
  const message = Buffer.alloc(probeBytes);
  await pace(rounds * volleys.length, 1e6 / order.probesPerSecond, (turn) => {
    const round = Math.floor(turn / volleys.length);
    const volley = volleys[turn % volleys.length];
    if (volley === undefined) return;
    message.writeUInt32LE(round, 0);
    volley.sentUs[round] = nowUs();
    volley.socket.send(Buffer.from(message));
  });
  const deadlineMs = performance.now() + order.stragglersMs;
  while (volleys.some(({ answered }) => answered < rounds) && performance.now() < deadlineMs) {
    await sleep(5);
  }
  for (const { socket } of volleys) socket.close();
  return volleys.map(({ rttsUs }) => ({ rttsUs, lost: order.probes - rttsUs.length }));
}

async function openVolley(
  { address, port }: Endpoint,
  rounds: number,
  { warmUps }: DatagramOrder,
): Promise<Volley> {
  const socket = createSocket('udp4');
  const volley: Volley = { socket, sentUs: new Float64Array(rounds), rttsUs: [], answered: 0 };
  socket.on('message', (echo) => {
    const now = nowUs();
    const round = echo.readUInt32LE(0);
    const sentUs = volley.sentUs[round] ?? 0;
    if (sentUs === 0) return;
    // Each counts once, should the network ever double it.
    volley.sentUs[round] = 0;
    volley.answered++;
    if (round >= warmUps) volley.rttsUs.push(now - sentUs);
  });
  // A refusal by the target's host is a lost probe, not the end of this program.
  socket.on('error', () => {});
  socket.connect(port, address);
  await once(socket, 'connect');
  return volley;
}

/** Calls `act` for each turn at its time; late turns follow at once, none is left out. */
export async function pace(
  turns: number,
  periodUs: number,
  act: (turn: number) => void,
): Promise<void> {
  const startUs = nowUs() + periodUs;
  let turn = 0;
  await new Promise<void>((resolve) => {
    const alarm = new Alarm(() => {
      for (; turn < turns && startUs + turn * periodUs <= nowUs(); turn++) act(turn);
      if (turn < turns) alarm.set(startUs + turn * periodUs);
      else {
        alarm.close();
        resolve();
      }
    });
    alarm.set(startUs);
  });
}
