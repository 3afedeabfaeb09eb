import type { Sender } from '../drivers/driver.ts';
import { Histogram } from '../histogram.ts';
import { ClientAccount } from '../ledger.ts';
import type { ClientPeer, PeerRow } from '../protocol.ts';
import type { Run } from '../run.ts';
import { TokenQueue } from './token-queue.ts';

/** One client peer: its books, and the operations that the bus would not take yet, oldest first. */
export interface Client {
  readonly peer: ClientPeer;
  readonly position: number;
  readonly account: ClientAccount;
  /** Response times of its calls, 2 significant digits: 0.5 to 3 kB, so that 10 000 clients fit one process. */
  readonly responses: Histogram;
  readonly unsent: TokenQueue;
  sender: Sender | null;
  /** `send` returned false: nothing is tried until `writable`. */
  blocked: boolean;
  /** A later turn of the event loop will go on with `unsent`. */
  flushing: boolean;
  /** When its connection was lost; NaN while it is up. */
  lostUs: number;
}

export function makeClient(peer: ClientPeer, position: number, receivers: number): Client {
  return {
    peer,
    position,
    account: new ClientAccount(receivers),
    responses: new Histogram(2),
    unsent: new TokenQueue(),
    sender: null,
    blocked: false,
    flushing: false,
    lostUs: Number.NaN,
  };
}

export function clientRow({ peer, account, responses }: Client): PeerRow {
  return {
    peer: peer.name,
    role: 'client',
    index: peer.index,
    site: peer.site,
    topic: peer.topic,
    due: account.due,
    completed: account.completed,
    local: account.local,
    failed: account.failed,
    responseP50Us: responses.quantile(0.5, account.failed),
    responseP99Us: responses.quantile(0.99, account.failed),
  };
}

/** Times how long the client's connection was away, if it went during the measuring window or after. */
export function noteConnection(client: Client, state: 'lost' | 'back', run: Run): void {
  const now = run.nowUs();
  if (state === 'lost') {
    if (Number.isNaN(client.lostUs)) client.lostUs = now;
    return;
  }
  if (Number.isNaN(client.lostUs)) return;
  run.tally.reconnects++;
  if (run.phases !== null && client.lostUs >= run.phases.measureUs) {
    run.recorder.site(client.peer.site).reconnect.record(now - client.lostUs);
  }
  client.lostUs = Number.NaN;
}
