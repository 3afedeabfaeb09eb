import type { ServerPeer } from '../../protocol.ts';
import type { ReceiveHandler } from '../driver.ts';
import type { MemoryEndpoint } from './endpoint.ts';

/** What became of messages, exactly; probes are not counted. */
export interface MemoryCounters {
  sent: number;
  delivered: number;
  lost: number;
  duplicated: number;
  reordered: number;
  replies: number;
  repliesLost: number;
  unroutable: number;
  /** In flight when their client was disconnected or their server closed. */
  dropped: number;
}

export interface Server {
  readonly peer: ServerPeer;
  readonly handler: ReceiveHandler;
  /** By sender: a message waiting to be overtaken. */
  readonly held: Map<object, { readonly message: Delivery; readonly timer: NodeJS.Timeout }>;
  open: boolean;
}

interface Delivery {
  readonly sender: object;
  readonly body: Buffer;
  readonly probe: boolean;
}

/** A reordered message that nothing overtakes is delivered, in order, after this long. */
const reorderHoldMs = 1000;

/** Timers that end with their session. */
export class Timers {
  readonly #pending = new Set<NodeJS.Timeout>();

  after(ms: number, callback: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      callback();
    }, ms);
    this.#pending.add(timer);
    return timer;
  }

  cancel(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#pending.delete(timer);
  }

  clear(): void {
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
  }
}

/**
 * The last step of the memory bus: hands a message to its server and applies at most one fault to it.
 * A reordered message waits until the same client's next message to the same server has overtaken it.
 */
export class FaultyDelivery {
  readonly counters: MemoryCounters = {
    sent: 0,
    delivered: 0,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    replies: 0,
    repliesLost: 0,
    unroutable: 0,
    dropped: 0,
  };
  readonly timers: Timers = new Timers();
  readonly #random: () => number;
  readonly #belowLoss: number;
  readonly #belowDuplicate: number;
  readonly #belowReorder: number;

  constructor(
    faults: Pick<MemoryEndpoint, 'lossPercent' | 'duplicatePercent' | 'reorderPercent'>,
    random: () => number,
  ) {
    this.#random = random;
    this.#belowLoss = faults.lossPercent / 100;
    this.#belowDuplicate = this.#belowLoss + faults.duplicatePercent / 100;
    this.#belowReorder = this.#belowDuplicate + faults.reorderPercent / 100;
  }

  deliver(message: Delivery, server: Server): void {
    if (message.probe || this.#belowReorder === 0) {
      this.#hand(message, server, message.body);
      return;
    }
    const roll = this.#random();
    if (roll < this.#belowLoss) {
      this.counters.lost++;
    } else if (roll < this.#belowDuplicate && server.open) {
      const copy = Buffer.from(message.body);
      this.#hand(message, server, message.body);
      this.counters.duplicated++;
      this.#hand(message, server, copy);
      this.#releaseHeld(message.sender, server);
    } else if (
      roll < this.#belowReorder &&
      roll >= this.#belowDuplicate &&
      !server.held.has(message.sender)
    ) {
      this.#hold(message, server);
    } else {
      this.#hand(message, server, message.body);
      this.#releaseHeld(message.sender, server);
    }
  }

  close(server: Server): void {
    server.open = false;
    for (const { timer } of server.held.values()) this.timers.cancel(timer);
    this.counters.dropped += server.held.size;
    server.held.clear();
  }

  #hold(message: Delivery, server: Server): void {
    const timer = this.timers.after(reorderHoldMs, () => {
      server.held.delete(message.sender);
      this.#hand(message, server, message.body);
    });
    server.held.set(message.sender, { message, timer });
  }

  #releaseHeld(sender: object, server: Server): void {
    const held = server.held.get(sender);
    if (held === undefined) return;
    this.timers.cancel(held.timer);
    server.held.delete(sender);
    if (server.open) this.counters.reordered++;
    this.#hand(held.message, server, held.message.body);
  }

  #hand(message: Delivery, server: Server, body: Buffer): void {
    if (!message.probe) this.counters[server.open ? 'delivered' : 'dropped']++;
    if (server.open) server.handler.message(body, false, message);
  }
}
