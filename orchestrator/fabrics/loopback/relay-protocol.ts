import type { Link, LinkShape } from '../../../topologies/topology.ts';
import type { Direction, Endpoint, Traffic } from '../fabric.ts';
import type { Lateness } from './link-scheduler.ts';

/** What the relay process can be asked, and what it answers. */
export interface RelayCalls {
  /** The links, and the seed of their jitter; once, before anything else. */
  start: {
    ask: { readonly links: readonly Link[]; readonly seed: number };
    answer: { readonly nice: number };
  };
  open: { ask: RelayRoute; answer: null };
  close: { ask: { readonly listen: Endpoint }; answer: null };
  shape: { ask: Direction & { readonly shape: Partial<LinkShape> }; answer: null };
  cut: { ask: Direction; answer: null };
  heal: { ask: Direction; answer: null };
  traffic: { ask: null; answer: readonly Traffic[] };
  health: { ask: null; answer: Lateness & { readonly stalls: number } };
}

/** Connections of site `from` to `listen` lead to `target` at site `to`. */
export interface RelayRoute extends Direction {
  readonly listen: Endpoint;
  readonly target: Endpoint;
  /** Whether its bytes count as traffic; those of our own probes do not. */
  readonly counted: boolean;
}
