import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Channel } from 'amqplib';
import { backoffMs, type Link } from './link.ts';
import type { Port, PortListener } from './port.ts';
import { brokerWords, isOverPublish } from './words.ts';

/** An open channel: amqplib's for everything but messages, the port for those. */
export interface OpenChannel {
  readonly channel: Channel;
  readonly port: Port;
}

export interface ChannelEvents extends PortListener {
  /** Declares and consumes on a channel just opened; also after every reconnect. A rejection means: try again. */
  setUp(open: OpenChannel): Promise<void>;
  /** Set up; `first` is true once. */
  up(open: OpenChannel, first: boolean): void;
  /** It was up and is gone. */
  down(loss: Loss): void;
  /** It is not up again yet, for this reason. */
  hindered(reason: string): void;
  blocked(reason: string | null): void;
}

/** Why a channel is gone. */
export interface Loss {
  readonly reason: string;
  /** The broker closed it because of a message that was published on it, and threw away what was published after that. */
  readonly overPublish: boolean;
}

/** A channel of one peer, opened and set up again whenever it or its connection is lost, until `close`. */
export class KeptChannel {
  readonly #link: Link;
  readonly #confirms: boolean;
  readonly #events: ChannelEvents;
  readonly #stop = new AbortController();
  readonly #unlisten: () => void;
  #open: OpenChannel | null = null;
  #wasUp = false;
  #isUp = false;
  #restoring = false;

  private constructor(link: Link, confirms: boolean, events: ChannelEvents) {
    this.#link = link;
    this.#confirms = confirms;
    this.#events = events;
    this.#unlisten = link.listen({
      up: () => void this.#restore(),
      down: (reason) => this.#lost(this.#open, { reason, overPublish: false }),
      hindered: (reason) => events.hindered(reason),
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
    const open = this.#open;
    this.#lost(open, { reason, overPublish: false });
    void this.#abandon(open);
    void this.#restore();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#unlisten();
    const open = this.#open;
    this.#open = null;
    this.#isUp = false;
    await this.#abandon(open);
  }

  async #establish(): Promise<void> {
    const { model, wire } = this.#link;
    if (!model || !wire) throw new Error('connection lost');
    const channel = await (this.#confirms ? model.createConfirmChannel() : model.createChannel());
    const port = wire.open(channel, this.#confirms, this.#events);
    const open = { channel, port };
    let loss: Loss | null = null;
    channel.on('error', (error) => {
      loss = { reason: brokerWords(error), overPublish: isOverPublish(error) };
    });
    channel.on('close', () => {
      // Without an error of its own it closed with its connection, and the link says why.
      if (loss === null || this.#open !== open) return;
      const wasUp = this.#isUp;
      this.#lost(open, loss);
      if (wasUp) void this.#restore();
    });
    this.#open = open;
    await this.#events.setUp(open);
    if (this.#stop.signal.aborted || this.#open !== open) {
      throw new Error((loss as Loss | null)?.reason ?? 'connection lost');
    }
    const first = !this.#wasUp;
    this.#wasUp = true;
    this.#isUp = true;
    this.#events.up(open, first);
  }

  #lost(open: OpenChannel | null, loss: Loss): void {
    if (this.#open !== open) return;
    this.#open = null;
    open?.port.close();
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#events.down(loss);
  }

  /** Tries until it is up, closed, or the link is down (whose return calls this again). */
  async #restore(): Promise<void> {
    if (this.#restoring) return;
    this.#restoring = true;
    const signal = this.#stop.signal;
    for (let attempt = 0; this.#link.model !== null && !signal.aborted && !this.#isUp; attempt++) {
      try {
        await this.#establish();
      } catch (error) {
        // With the connection gone it is the link that says why.
        if (this.#link.model !== null) this.#events.hindered(brokerWords(error));
        const half = this.#open;
        this.#open = null;
        void this.#abandon(half);
        const waitMs = backoffMs(this.#link.backoff, attempt);
        await sleepFor(waitMs, undefined, { signal }).catch(() => {});
      }
    }
    this.#restoring = false;
  }

  /** Never rejects: `close` throws at once on a channel that is closed already, and rejects later otherwise. */
  async #abandon(open: OpenChannel | null): Promise<void> {
    if (!open) return;
    open.port.close();
    try {
      await open.channel.close();
    } catch {}
  }
}
