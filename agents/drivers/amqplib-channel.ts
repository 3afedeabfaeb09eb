import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Channel } from 'amqplib';
import { backoffMs, type Link } from './amqplib-link.ts';

export interface ChannelEvents {
  /** Declares and consumes on a channel just opened; also after every reconnect. A rejection means: try again. */
  setUp(channel: Channel): Promise<void>;
  /** Set up; `first` is true once. */
  up(channel: Channel, first: boolean): void;
  /** It was up and is gone, with the broker's reason. */
  down(reason: string): void;
  blocked(reason: string | null): void;
}

/** A channel of one peer, opened and set up again whenever it or its connection is lost, until `close`. */
export class KeptChannel {
  readonly #link: Link;
  readonly #confirms: boolean;
  readonly #events: ChannelEvents;
  readonly #stop = new AbortController();
  readonly #unlisten: () => void;
  #channel: Channel | null = null;
  #wasUp = false;
  #isUp = false;
  #restoring = false;

  private constructor(link: Link, confirms: boolean, events: ChannelEvents) {
    this.#link = link;
    this.#confirms = confirms;
    this.#events = events;
    this.#unlisten = link.listen({
      up: () => void this.#restore(),
      down: (reason) => this.#lost(this.#channel, reason),
      blocked: (reason) => events.blocked(reason),
    });
  }

  /** Opens the channel on a connected link; rejects with the broker's words when it refuses what `setUp` asks. */
  static async open(link: Link, confirms: boolean, events: ChannelEvents): Promise<KeptChannel> {
    const kept = new KeptChannel(link, confirms, events);
    try {
      await kept.#establish();
    } catch (error) {
      await kept.close();
      throw error;
    }
    return kept;
  }

  /** The consumer was cancelled by the broker (its queue went away): the channel is made anew. */
  reopen(reason: string): void {
    const channel = this.#channel;
    this.#lost(channel, reason);
    closeQuietly(channel);
    void this.#restore();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#unlisten();
    const channel = this.#channel;
    this.#channel = null;
    this.#isUp = false;
    await channel?.close().catch(() => {});
  }

  async #establish(): Promise<void> {
    const model = this.#link.model;
    if (!model) throw new Error('connection lost');
    const channel = await (this.#confirms ? model.createConfirmChannel() : model.createChannel());
    let reason: string | null = null;
    channel.on('error', (error) => {
      reason = error.message;
    });
    channel.on('close', () => {
      // Without an error of its own it closed with its connection, and the link says why.
      if (reason === null || this.#channel !== channel) return;
      const wasUp = this.#isUp;
      this.#lost(channel, reason);
      if (wasUp) void this.#restore();
    });
    this.#channel = channel;
    await this.#events.setUp(channel);
    if (this.#stop.signal.aborted || this.#channel !== channel)
      throw new Error(reason ?? 'connection lost');
    const first = !this.#wasUp;
    this.#wasUp = true;
    this.#isUp = true;
    this.#events.up(channel, first);
  }

  #lost(channel: Channel | null, reason: string): void {
    if (this.#channel !== channel) return;
    this.#channel = null;
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#events.down(reason);
  }

  /** Tries until it is up, closed, or the link is down (whose return calls this again). */
  async #restore(): Promise<void> {
    if (this.#restoring) return;
    this.#restoring = true;
    const signal = this.#stop.signal;
    for (let attempt = 0; this.#link.model !== null && !signal.aborted && !this.#isUp; attempt++) {
      try {
        await this.#establish();
      } catch {
        const half = this.#channel;
        this.#channel = null;
        closeQuietly(half);
        const waitMs = backoffMs(this.#link.backoff, attempt);
        await sleepFor(waitMs, undefined, { signal }).catch(() => {});
      }
    }
    this.#restoring = false;
  }
}

function closeQuietly(channel: Channel | null): void {
  // `close` throws at once on a channel that is already closed, and rejects later otherwise.
  try {
    channel?.close().catch(() => {});
  } catch {}
}
