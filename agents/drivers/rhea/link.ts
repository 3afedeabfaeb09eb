import type { Delivery, EventContext, Receiver, Sender } from 'rhea';
import type { RheaConnection } from './connection.ts';
import type { Loss } from './dial.ts';
import { hasTerminus, settledBefore } from './library.ts';
import type { Gate, Way } from './way.ts';

/** How long a detach may lag behind the attach that announces it. */
const refusalMs = 100;

/** Settles when the bus has confirmed a link; rejects when it detaches it instead or the connection goes. */
export async function linkOpened(link: Sender | Receiver, until: AbortSignal): Promise<void> {
  const side = link.is_receiver() ? 'receiver' : 'sender';
  await settledBefore(until, (resolve, reject) => {
    link.once(`${side}_open`, () => {
      if (hasTerminus(link)) resolve();
      // A refused link is first attached without a terminus and at once detached with the error.
      else setTimeout(resolve, refusalMs);
    });
    link.once(`${side}_error`, () => reject(new Error(linkReason(link))));
    link.once(`${side}_close`, () => reject(new Error(linkReason(link))));
  });
}

/** Says goodbye on a link, unless it or its connection is gone already. */
export function closeLink(link: Sender | Receiver): void {
  if (link.is_open()) link.close();
}

/** Calls back once if the bus detaches the link later on. */
export function onDetach(link: Sender | Receiver, detached: (loss: Loss) => void): void {
  const side = link.is_receiver() ? 'receiver' : 'sender';
  link.on(`${side}_error`, () => undefined);
  link.once(`${side}_close`, () => {
    detached({ reason: linkReason(link), ended: (link.error ?? null) !== null });
  });
}

function linkReason(link: Sender | Receiver): string {
  const error = link.error as { condition?: string; description?: string } | undefined | null;
  if (error === undefined || error === null) return 'the bus closed the link';
  return [error.condition, error.description].filter((text) => text !== undefined).join(': ');
}

/** How the bus ended an unsettled delivery. */
export interface Outcomes {
  accepted(token: number): void;
  refused(token: number, outcome: string, reason: string): void;
  /** Likewise for a delivery without a token: a probe. */
  untaggedRefused(): void;
}

/**
 * A sending link that takes a message only when it can go to the socket now: credit, session window and socket
 * all allow it. Nothing ever waits inside the library.
 */
export class OutgoingLink {
  readonly #connection: RheaConnection;
  readonly #link: Sender;
  readonly #gate: Gate;
  readonly #maxFrameBytes: number;

  constructor(connection: RheaConnection, way: Way, link: Sender) {
    this.#connection = connection;
    this.#link = link;
    this.#gate = way.gate(link);
    this.#maxFrameBytes = way.session.connection.max_frame_size ?? 0xffff_ffff;
  }

  get ready(): boolean {
    return this.#link.is_open() && this.#gate.credit && this.#connection.writable;
  }

  /** False when it does not fit now. The delivery tag is `tag`. */
  send(payload: Buffer, tag: Buffer): boolean {
    if (!this.ready) return false;
    // A frame of payload needs at most 50 bytes of transfer besides its tag.
    const frames = Math.ceil(payload.length / (this.#maxFrameBytes - 50 - tag.length));
    if (!this.#gate.fits(frames)) return false;
    this.#connection.gather(payload.length);
    this.#gate.handed(this.#link.send(payload, tag, 0));
    return true;
  }
}

/** Reports the outcomes of deliveries. */
export function onOutcomes(link: Sender, outcomes: Outcomes): void {
  link.on('accepted', (context: EventContext) => {
    const token = tokenOf(context);
    if (token !== null) outcomes.accepted(token);
  });
  for (const outcome of ['rejected', 'released', 'modified']) {
    link.on(outcome, (context: EventContext) => {
      const token = tokenOf(context);
      if (token === null) outcomes.untaggedRefused();
      else outcomes.refused(token, outcome, outcomeReason(outcome, context));
    });
  }
}

function outcomeReason(outcome: string, context: EventContext): string {
  const state = context.delivery?.remote_state as
    | {
        readonly error?: { readonly condition?: string; readonly description?: string } | null;
        readonly delivery_failed?: boolean;
        readonly undeliverable_here?: boolean;
      }
    | undefined;
  if (state?.error !== undefined && state.error !== null) {
    const { condition, description } = state.error;
    return [condition, description]
      .filter((text) => text !== undefined && text !== null)
      .join(': ');
  }
  if (state?.undeliverable_here === true) return `${outcome}: undeliverable here`;
  return state?.delivery_failed === true ? `${outcome}: delivery failed` : outcome;
}

const tokenBytes = 4;

export function tokenTag(token: number): Buffer {
  const tag = Buffer.allocUnsafe(tokenBytes);
  tag.writeUInt32LE(token, 0);
  return tag;
}

function tokenOf(context: EventContext): number | null {
  const tag = (context.delivery as Delivery | undefined)?.tag;
  return Buffer.isBuffer(tag) && tag.length === tokenBytes ? tag.readUInt32LE(0) : null;
}

/** Runs the workload's code so that an error of it ends the agent instead of looking like a protocol error. */
export function handOver(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
