import { fileURLToPath } from 'node:url';
import type { Endpoint } from '../../orchestrator/fabrics/fabric.ts';
import { CallLine } from '../../orchestrator/hosts/calls.ts';
import type { Host, HostProcess } from '../../orchestrator/hosts/host.ts';

interface PeerCalls {
  listen: { ask: { readonly address: string; readonly port?: number }; answer: number };
  open: { ask: Endpoint; answer: number };
  exchange: {
    ask: {
      readonly id: number;
      readonly count: number;
      readonly bytes: number;
      readonly periodMs: number;
    };
    answer: { readonly rttsMs: readonly number[]; readonly wrong: number };
  };
  firstByte: { ask: { readonly id: number }; answer: number };
  send: { ask: { readonly id: number; readonly bytes: number }; answer: null };
  finish: { ask: { readonly id: number }; answer: number };
  fate: { ask: { readonly id: number }; answer: string };
  reset: { ask: { readonly id: number }; answer: null };
  client: {
    ask: { readonly id: number };
    answer: {
      readonly sent: number;
      readonly received: number;
      readonly wrong: number;
      readonly ended: boolean;
      readonly error: string | null;
    };
  };
  seen: {
    ask: null;
    answer: {
      readonly connections: number;
      readonly bytes: number;
      readonly resets: number;
      readonly ends: number;
    };
  };
}

/** A process on a host that talks TCP as a test asks. */
export interface TcpPeer {
  readonly process: HostProcess;
  readonly ask: CallLine<PeerCalls>['request'];
}

export async function startPeer(host: Host, logFile: string): Promise<TcpPeer> {
  const program = fileURLToPath(new URL('./tcp-peer.mjs', import.meta.url));
  const process_ = await host.spawn([process.execPath, program], { stdio: 'pipe', logFile });
  const line = new CallLine<PeerCalls>(process_, 'the peer', (how) => new Error(how));
  return { process: process_, ask: (name, ask) => line.request(name, ask) };
}
