import type { Delivery, Sender, Session } from 'rhea';

/**
 * What this driver reads or hooks of rhea beyond its public face, in one place. Every member is looked at before it is
 * used; where one is not as we know it, messages go through rhea's public face instead (`public-way.ts`): a slower path
 * is a finding, a wrong number is a lie.
 */
export interface SessionInside {
  readonly outgoing: {
    /** Deliveries handed to rhea so far, and those of them that went to the socket. */
    readonly next_delivery_id: number;
    readonly next_pending_delivery: number;
    available(): number;
    transfer_window(): number;
  };
  readonly incoming: {
    next_transfer_id: number;
    next_delivery_id: number | undefined;
    max_transfer_id: number;
  };
  on_transfer(frame: TransferFrame): void;
  on_flow(frame: unknown): void;
}

export interface TransferFrame {
  readonly performative: { message_format: number };
}

export interface SenderInside {
  readonly credit: number;
  /** Transfers that reached the socket, and credit given back. */
  readonly delivery_count: number;
}

/** A member, where it is kept, and how it must look on a session that was just made. */
type Expected = readonly [
  keeper: 'session' | 'outgoing' | 'incoming',
  name: string,
  is: (it: unknown) => boolean,
];

const isNumber = (it: unknown): boolean => typeof it === 'number';
const isFunction = (it: unknown): boolean => typeof it === 'function';

/** What counting on behind 2^32 needs. */
const sequences: readonly Expected[] = [
  ['session', 'on_transfer', isFunction],
  ['session', 'on_flow', isFunction],
  ['incoming', 'next_transfer_id', isNumber],
  ['incoming', 'next_delivery_id', (it) => it === undefined],
  ['incoming', 'max_transfer_id', isNumber],
];

const book: readonly Expected[] = [
  ['outgoing', 'next_delivery_id', isNumber],
  ['outgoing', 'next_pending_delivery', isNumber],
  ['outgoing', 'available', isFunction],
  ['outgoing', 'transfer_window', isFunction],
];

/** What of a session that has not begun is not as we know it; none when we may hook it and read its book. */
export function differencesOf(session: Session): readonly string[] {
  return missing(session, [...sequences, ...book]);
}

/** Whether sequence numbers can be made to go round, whatever else differs. */
export function canWrap(session: Session): boolean {
  return missing(session, sequences).length === 0;
}

function missing(session: Session, members: readonly Expected[]): readonly string[] {
  const { incoming, outgoing } = session as unknown as Partial<SessionInside>;
  const keepers = { session, incoming, outgoing };
  const wrong = new Set<string>();
  for (const [name, keeper] of Object.entries({ incoming, outgoing })) {
    if (members.some(([where]) => where === name) && typeof keeper !== 'object') wrong.add(name);
  }
  for (const [where, name, is] of members) {
    const keeper: unknown = keepers[where];
    if (typeof keeper !== 'object' || keeper === null) continue;
    if (!(name in keeper) || !is((keeper as { readonly [name: string]: unknown })[name])) {
      wrong.add(name);
    }
  }
  return [...wrong];
}

/** Likewise of a sending link. */
export function differencesOfSender(link: Sender): readonly string[] {
  const inside = link as unknown as Partial<SenderInside>;
  return (['credit', 'delivery_count'] as const).filter((name) => !isNumber(inside[name]));
}

export function insideOf(session: Session): SessionInside {
  return session as unknown as SessionInside;
}

export function senderInside(link: Sender): SenderInside {
  return link as unknown as SenderInside;
}

/**
 * Sequence numbers of AMQP 1.0 go round at 2^32 (part 2, 2.8.8), which rhea does not know: RabbitMQ 4 begins its
 * sessions four below that, so that the fifth message would end the connection. Call after each transfer and flow.
 */
export function wrapSequences({ incoming }: SessionInside): void {
  const { next_transfer_id: next, next_delivery_id: delivery, max_transfer_id: max } = incoming;
  const left = (max - next) | 0;
  incoming.next_transfer_id = next >>> 0;
  incoming.max_transfer_id = incoming.next_transfer_id + left;
  if (delivery !== undefined) incoming.next_delivery_id = delivery >>> 0;
}

/** Marks a pre-settled delivery so that the session's buffer forgets it; false where rhea keeps that elsewhere. */
export function markSettled(delivery: Delivery): boolean {
  if (typeof delivery.settled !== 'boolean') return false;
  (delivery as { settled: boolean }).settled = true;
  return true;
}
