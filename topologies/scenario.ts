import type { Link, LinkShape, Site } from './topology.ts';

export type Pattern = 'call' | 'cast' | 'fanout' | 'notify';
export type FabricName = 'loopback' | 'namespaces' | 'machines';
export type BusType = 'zeromq' | 'rabbitmq' | 'router' | 'external' | 'memory' | 'none';
export type Guarantee = 'at-most-once' | 'at-least-once';

/** A JSON value: what bus options, endpoints and directories are made of. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** The system under test. `options` were validated by that bus type's own schema. */
export interface BusSpec {
  readonly type: BusType;
  /** The site of each node, in order: `nodes[0]` is `bus-1`. */
  readonly nodes: readonly string[];
  readonly options: { readonly [key: string]: Json };
}

/** `even` follows the spreading rule; a map gives an exact number of peers to each site. */
export type Placement = 'even' | { readonly [site: string]: number };

/** When the next operation is due. Rates are operations a second over all clients. */
export type Pace =
  | {
      readonly kind: 'open';
      readonly ratePerSecond: number;
      readonly arrivals: 'constant' | 'poisson';
      /** Straight-line changes of the rate from the start of measuring on; the last rate then holds. */
      readonly ramp: readonly { readonly toPerSecond: number; readonly overMs: number }[];
      /** Share of the bus's capacity, from which a calibration makes the rate before measuring; absent once it is known. */
      readonly loadPercent?: number;
    }
  | { readonly kind: 'pause'; readonly pauseMs: number }
  | { readonly kind: 'inFlight'; readonly inFlight: number };

/** Body sizes in bytes; `weighted` is a distribution read from a file of `bytes,weight` rows. */
export type BodySize =
  | { readonly kind: 'fixed'; readonly bytes: number }
  | { readonly kind: 'uniform'; readonly minBytes: number; readonly maxBytes: number }
  | {
      readonly kind: 'weighted';
      readonly file: string;
      readonly rows: readonly (readonly [bytes: number, weight: number])[];
    };

export type ReplySize =
  | { readonly kind: 'echo' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'fixed'; readonly bytes: number };

export interface WorkloadSpec {
  readonly pattern: Pattern;
  readonly target: 'any' | 'one';
  readonly topics: number;
  /** notify: independent listener pools a topic; each gets every event once. */
  readonly pools: number;
  readonly pace: Pace;
  readonly body: BodySize;
  readonly reply: ReplySize;
  /** Server think time. */
  readonly hold: { readonly meanMs: number; readonly distribution: 'constant' | 'exponential' };
  readonly timeoutMs: number;
}

export interface PhasesSpec {
  readonly warmupMs: number;
  readonly measure:
    | {
        readonly kind: 'duration';
        readonly ms: number;
        /** The window ends this long after the last fault has ended, if that is before `ms`; absent for a fixed length. */
        readonly afterFaultsMs?: number;
      }
    | { readonly kind: 'calls'; readonly perClient: number };
  readonly drainMs: number;
}

/** What breaks, when. */
export interface FaultSpec {
  /** `at` counts from the start of measuring, `after` from the end of the fault before this one in the list. */
  readonly start: { readonly kind: 'at' | 'after'; readonly ms: number };
  /** How long it lasts; null for actions that end by themselves (restart, disconnect) or never (kill). */
  readonly forMs: number | null;
  /** Left out, and said so, where the bus has nothing of the kind that `each` names; else that is a mistake. */
  readonly optional: boolean;
  readonly action: 'partition' | 'degrade' | 'kill' | 'restart' | 'pause' | 'disconnect';
  readonly target:
    | { readonly kind: 'node'; readonly name: string }
    | {
        readonly kind: 'each';
        readonly of: 'bus-node' | 'link' | 'client';
        readonly waitMs: number;
      }
    | {
        readonly kind: 'between';
        /** Two groups of sites; `oneWay` cuts only traffic from the first to the second. */
        readonly groups: readonly [readonly string[], readonly string[]];
        readonly oneWay: boolean;
      };
  /** degrade: the link values that replace the ones in force; absent ones stay. */
  readonly link: Partial<LinkShape> | null;
}

/** A scenario with every default filled in, every unit normalised, every name checked. */
export interface ResolvedScenario {
  readonly schema: 'busbench/scenario/1';
  readonly name: string;
  readonly seed: number;
  readonly sites: readonly Site[];
  readonly fabric: FabricName;
  readonly links: readonly Link[];
  readonly bus: BusSpec;
  readonly guarantee: Guarantee;
  readonly servers: { readonly count: number; readonly placement: Placement };
  readonly clients: {
    readonly count: number;
    readonly placement: Placement;
    readonly connections: 'own' | 'shared';
    readonly failover: boolean;
    readonly reconnect: { readonly minMs: number; readonly maxMs: number };
  };
  readonly workload: WorkloadSpec;
  readonly phases: PhasesSpec;
  readonly faults: readonly FaultSpec[];
  readonly expect: readonly string[];
}
