import type { Sender } from '../drivers/driver.ts';
import { Histogram } from '../histogram.ts';
import { ClientAccount } from '../ledger.ts';
import type { ClientPeer, PeerRow } from '../protocol.ts';
import type { RunState } from '../run-state.ts';
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
  /** When each of its connections was lost; those that are up are absent. */
  readonly lostUs: Map<string, number>;
  /** What the bus said when a connection was last lost, and when that was. */
  loss: { readonly words: string; readonly atUs: number } | null;
  /** Why it can send nothing just now, in the bus's own words. */
  hindrance: string | null;
  /** When a fault cut its connections; NaN when there was none or they are back. */
  cutUs: number;
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
    lostUs: new Map(),
    loss: null,
    hindrance: null,
    cutUs: Number.NaN,
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

/** Keeps what the bus said of the client's connections, for the failures that follow from it, and in the log. */
export function noteWords(
  client: Client,
  state: 'lost' | 'back' | 'hindered',
  words: string | null,
  run: RunState,
): void {
  if (state === 'lost') client.loss = { words: words ?? '', atUs: run.nowUs() };
  const isOver = state === 'back' ? client.lostUs.size === 0 : words === null;
  if (isOver) client.hindrance = null;
  else if (state !== 'back') client.hindrance = words;
  const told = words === null || words === '' ? '' : `: ${words}`;
  run.log.say(`connection ${state}`, `${client.peer.name}: connection ${state}${told}`);
}

/**
 * Times how long a connection of the client was away, if it went during the measuring window or after. True when this
 * was the last one to come back of those that a fault cut.
 */
export function noteConnection(
  client: Client,
  state: 'lost' | 'back',
  which: string,
  run: RunState,
): boolean {
  const { lostUs, peer } = client;
  const now = run.nowUs();
  const since = lostUs.get(which);
  if (state === 'lost') {
    if (since === undefined) lostUs.set(which, now);
    return false;
  }
  if (since === undefined) return false;
  lostUs.delete(which);
  run.tally.reconnects++;
  if (run.phases !== null && since >= run.phases.measureUs) {
    run.recorder.countReconnect(peer.site, since, now - since);
  }
  if (Number.isNaN(client.cutUs)) return false;
  // One that was lost before the cut, perhaps for good, is not waited for.
  for (const otherUs of lostUs.values()) if (otherUs >= client.cutUs) return false;
  if (since < client.cutUs && lostUs.size > 0) return false;
  client.cutUs = Number.NaN;
  return true;
}

/** What the clients of a process tell whoever runs them. */
export interface ClientHooks {
  /** Something becomes due at `dueUs`: advance by then, in a later turn of the event loop. */
  wake(dueUs: number): void;
  /** A probe of this client (global index) was answered on this route. */
  answered(client: number, route: number): void;
  /** The bus gave a probe of this client (global index) back. */
  probeReturned(client: number, route: number): void;
  /** What a fault cut of this client (global index) is connected again. */
  reconnected(client: number): void;
}
