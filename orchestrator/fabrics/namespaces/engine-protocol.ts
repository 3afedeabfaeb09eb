import type { Link, LinkShape } from '../../../topologies/topology.ts';

/** An ordered pair of sites and the number of the queue that its packets wait in. */
export interface EngineLink {
  readonly queue: number;
  readonly link: Link;
  /** Of losses and jitter. */
  readonly seed: number;
}

/** What the engine can be asked, and what it answers. */
export interface EngineCalls {
  /** Takes all queues; once, before anything else. */
  start: { ask: { readonly links: readonly EngineLink[] }; answer: EngineStatus };
  shape: { ask: { readonly queue: number; readonly shape: Partial<LinkShape> }; answer: null };
  cut: { ask: { readonly queue: number; readonly cut: boolean }; answer: null };
  traffic: { ask: null; answer: readonly EngineTraffic[] };
  /** Since the last call. */
  health: { ask: null; answer: EngineHealth };
}

export interface EngineStatus {
  /** Whether the engine runs ahead of everything else on its core (SCHED_FIFO). */
  readonly realTime: boolean;
  /** Room for packets that the engine has not looked at yet. */
  readonly receiveBufferBytes: number;
}

/** What got through one direction since the start, IP headers included, and what did not. */
export interface EngineTraffic {
  readonly queue: number;
  readonly packets: number;
  readonly bytes: number;
  readonly lostPackets: number;
  readonly overflowedPackets: number;
}

export interface EngineHealth {
  /** Packets let go, and how much later than due. */
  readonly released: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** Packets that a link's queue had no room for. */
  readonly overflowed: number;
  /** Packets that the kernel dropped because the engine was too slow to look at them. */
  readonly missed: number;
  /** Messages of ours that the kernel did not obey. */
  readonly refused: number;
}
