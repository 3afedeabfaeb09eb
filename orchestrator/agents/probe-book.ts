/** A client that has to prove its ways to the servers. */
export interface Prover {
  /** Global index: what a probe carries. */
  readonly client: number;
  /** Which agent plays it. */
  readonly agent: number;
  readonly routes: number;
  /** Whoever gets a copy of one message: what one probe is answered by, and whom the client has to reach. */
  readonly subscribers: number;
}

export interface Probe {
  readonly client: number;
  readonly route: number;
}

/** What became of all probes of a barrier. */
export interface ProbeAccount {
  readonly sent: number;
  /** Answers of servers (call), deliveries elsewhere: as many as subscribers for each probe. */
  readonly answered: number;
  /** Sent, and given back by the bus. */
  readonly returned: number;
  /** Answers that are still to come, or never will. */
  readonly leftOver: number;
}

interface Way extends Probe {
  readonly prover: Prover;
  sent: number;
  answered: number;
  returned: number;
  /** Answers that are waited for, and hold a place of the wave. */
  underway: number;
  /** Pauses before it is sent again, so far. */
  pauses: number;
  /** It will go out, at once or after a pause. */
  queued: boolean;
}

interface Proof {
  readonly prover: Prover;
  readonly firstWay: number;
  routesLeft: number;
  readonly subscribers: Set<number>;
}

/** Answers under way at a time: a bus that is slow never has more than these in front of the first operation. */
export const waveSize = 512;
const pauseMs = 100;
const maxPauses = 5;

/**
 * The books of a ready barrier: which probe goes out next, so that a bounded number is under way, and what came back.
 * One that is merely slow is never sent again; one that was returned, or not taken, is after a pause; one that vanished
 * is when `presumeLost` says that nothing at all comes any more.
 */
export class ProbeBook {
  readonly #ways: Way[] = [];
  readonly #proofs = new Map<number, Proof>();
  readonly #unproven = new Set<number>();
  readonly #paused: { readonly way: Way; readonly fromMs: number }[] = [];
  readonly #again: Way[] = [];
  #fresh = 0;
  #underway = 0;

  constructor(provers: readonly Prover[]) {
    for (const prover of provers) {
      const firstWay = this.#ways.length;
      for (let route = 0; route < prover.routes; route++) {
        const counts = { sent: 0, answered: 0, returned: 0, underway: 0, pauses: 0 };
        this.#ways.push({ prover, client: prover.client, route, queued: true, ...counts });
      }
      const proof = { prover, firstWay, routesLeft: prover.routes, subscribers: new Set<number>() };
      this.#proofs.set(prover.client, proof);
      this.#unproven.add(prover.client);
    }
  }

  /** Clients that have not proven all their routes, or not reached all subscribers. */
  get unproven(): ReadonlySet<number> {
    return this.#unproven;
  }

  /** Answers that are waited for. */
  get underway(): number {
    return this.#underway;
  }

  /** How far a client came: routes and subscribers. */
  progress(client: number): { readonly routes: number; readonly subscribers: number } {
    const proof = this.#proofs.get(client);
    if (!proof) return { routes: 0, subscribers: 0 };
    return {
      routes: proof.prover.routes - proof.routesLeft,
      subscribers: proof.subscribers.size,
    };
  }

  /** Probes to be sent now, by agent; they count as sent until told otherwise. */
  take(nowMs: number): ReadonlyMap<number, Probe[]> {
    const batches = new Map<number, Probe[]>();
    this.#endPauses(nowMs);
    for (let way = this.#next(); way !== undefined; way = this.#next()) {
      way.sent++;
      way.underway += way.prover.subscribers;
      this.#underway += way.prover.subscribers;
      const batch = batches.get(way.prover.agent) ?? [];
      batches.set(way.prover.agent, batch);
      batch.push({ client: way.client, route: way.route });
    }
    return batches;
  }

  /** A probe came to a subscriber or, for calls, its answer to the client. */
  answered(client: number, route: number, subscriber: number): void {
    const proof = this.#proofs.get(client);
    const way = this.#wayOf(proof, route);
    if (!proof || !way) return;
    if (way.answered === 0) proof.routesLeft--;
    way.answered++;
    if (way.underway > 0) this.#release(way, 1);
    proof.subscribers.add(subscriber);
    if (proof.routesLeft === 0 && proof.subscribers.size >= proof.prover.subscribers) {
      this.#unproven.delete(client);
    }
  }

  /** The bus gave a probe back: it goes out again after a pause, each twice as long as the one before. */
  returned(client: number, route: number, nowMs: number): void {
    const way = this.#wayOf(this.#proofs.get(client), route);
    if (!way) return;
    way.returned++;
    this.#pause(way, nowMs);
  }

  /** The library took no probe now: it was never sent, and goes out after a pause. */
  notTaken(client: number, route: number, nowMs: number): void {
    const way = this.#wayOf(this.#proofs.get(client), route);
    if (!way) return;
    way.sent--;
    this.#pause(way, nowMs);
  }

  /** Nothing comes any more: what is still wanted is sent again, and holds no place of the wave meanwhile. */
  presumeLost(): void {
    for (const way of this.#ways) {
      if (way.queued) continue;
      this.#release(way, way.underway);
      if (!this.#unproven.has(way.client)) continue;
      way.queued = true;
      this.#again.push(way);
    }
  }

  account(): ProbeAccount {
    const account = { sent: 0, answered: 0, returned: 0, leftOver: 0 };
    for (const { prover, sent, answered, returned } of this.#ways) {
      account.sent += sent;
      account.answered += answered;
      account.returned += returned;
      account.leftOver += Math.max(0, (sent - returned) * prover.subscribers - answered);
    }
    return account;
  }

  #next(): Way | undefined {
    const way = this.#again[0] ?? this.#ways[this.#fresh];
    if (!way) return undefined;
    const room = waveSize - this.#underway;
    if (this.#underway > 0 && way.prover.subscribers > room) return undefined;
    if (this.#again.length > 0) this.#again.shift();
    else this.#fresh++;
    way.queued = false;
    return way;
  }

  #endPauses(nowMs: number): void {
    const over = this.#paused.filter(({ fromMs }) => fromMs <= nowMs);
    if (over.length === 0) return;
    const going = this.#paused.filter(({ fromMs }) => fromMs > nowMs);
    this.#paused.splice(0, this.#paused.length, ...going);
    for (const { way } of over) {
      if (this.#unproven.has(way.client)) this.#again.push(way);
      else way.queued = false;
    }
  }

  #pause(way: Way, nowMs: number): void {
    this.#release(way, Math.min(way.underway, way.prover.subscribers));
    if (way.queued) return;
    way.queued = true;
    const waitMs = pauseMs * 2 ** Math.min(way.pauses++, maxPauses);
    this.#paused.push({ way, fromMs: nowMs + waitMs });
  }

  #release(way: Way, answers: number): void {
    way.underway -= answers;
    this.#underway -= answers;
  }

  #wayOf(proof: Proof | undefined, route: number): Way | undefined {
    if (!proof || route < 0 || route >= proof.prover.routes) return undefined;
    return this.#ways[proof.firstWay + route];
  }
}
