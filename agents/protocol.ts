/**
 * What orchestrator and agents say to each other: one JSON object a line, over any byte stream, each with the number of
 * the agent that it is to or from: one process may play several.
 * Times are microseconds of the sender's monotonic clock (`nowUs`) unless a comment says otherwise.
 */
import type { ResolvedScenario } from '../topologies/scenario.ts';
import type { Directory, Endpoint } from './drivers/endpoint.ts';
import type { OffsetLines } from './offsets.ts';
import type { Part } from './protocol-parts.ts';

export type { OffsetLines } from './offsets.ts';
export type * from './protocol-parts.ts';

/** Both ends refuse to talk when this differs. */
export const protocolVersion = 3;

/** A message with the agent that it is to or from: its index among all agents of the run. */
export type Line<M> = M & { readonly agent: number };

/** Distinct reasons kept of one class of failure, and what is beyond them counts as. */
export const reasonsAClass = 20;
export const otherReason = 'other';

type Scalar = null | boolean | number | string;
export type Json = Scalar | readonly Json[] | { readonly [key: string]: Json };

export interface ClientPeer {
  /** Global index among all clients of the run: what the header carries. */
  readonly index: number;
  /** `<process>/<n>`. */
  readonly name: string;
  /** Index into `Assignment.sites`. */
  readonly site: number;
  readonly topic: number;
  /** The one server of `target: one`, null for any. */
  readonly server: number | null;
}

export interface ServerPeer {
  /** Global index among all servers of the run. */
  readonly index: number;
  readonly name: string;
  readonly site: number;
  readonly topic: number;
  /** Whose copy of a message it receives: 0 for call and cast, its own index for fanout, its pool for notify. */
  readonly subscriber: number;
}

/** Everything an agent process needs to know before it opens anything; of the scenario, what it has to do with. */
export interface Assignment
  extends Pick<ResolvedScenario, 'guarantee' | 'workload' | 'seed'>,
    Pick<ResolvedScenario['clients'], 'connections' | 'failover' | 'reconnect'> {
  readonly run: string;
  /** Low 16 bits of a hash of the run id: foreign messages on a shared bus are told apart by it. */
  readonly runTag: number;
  readonly process: string;
  readonly processIndex: number;
  readonly sites: readonly string[];
  readonly clients: readonly ClientPeer[];
  readonly servers: readonly ServerPeer[];
  readonly totalClients: number;
  /** Expected deliveries of one message, by topic: 1 for call and cast, receivers for fanout, pools for notify. */
  readonly receivers: readonly number[];
  readonly bus: Endpoint;
  /** What an earlier life of this process announced; its receivers have to be found there again. */
  readonly announced?: readonly Announcement[];
  /** Peers that this process may be opening at a time. */
  readonly openAtOnce: number;
  /** Measured operations a client, for `measure: { calls }`; null when a duration ends the window. */
  readonly callsPerClient: number | null;
}

/** Start of each phase in the receiving agent's own clock, µs. Infinity does not survive JSON: null is open-ended. */
export interface Schedule {
  readonly startUs: number;
  readonly measureUs: number;
  readonly measureEndUs: number | null;
}

/** Something a receiver offers to senders elsewhere (brokerless buses): "server 3 listens on port 40123". */
export interface Announcement {
  readonly server: number;
  readonly port: number;
}

export type ToAgent =
  /** An agent that then hears nothing for `silenceMs` takes the orchestrator for gone: whoever says this sends `clock` in between. */
  | { readonly type: 'hello'; readonly version: number; readonly silenceMs: number }
  | { readonly type: 'assign'; readonly assignment: Assignment }
  /** How this process reaches every receiver; the driver's own shape. Asks the agent to connect its senders. */
  | { readonly type: 'directory'; readonly directory: Directory }
  /** Send these probes once: flattened pairs client, route. */
  | { readonly type: 'probe'; readonly pairs: readonly number[] }
  | ({ readonly type: 'offsets' } & OffsetLines)
  | { readonly type: 'clock'; readonly id: number }
  /** `resumed`: the process was started again in mid-run, so that it is no lateness when the start is in the past. */
  | { readonly type: 'start'; readonly schedule: Schedule; readonly resumed?: boolean }
  /** Receivers now ready, by topic: a fault changed them. */
  | { readonly type: 'receivers'; readonly receivers: readonly number[] }
  /** Fault `disconnect`: cut the client connections of these clients at the socket. */
  | { readonly type: 'disconnect'; readonly clients: readonly number[] }
  /** Fault `restart`: close every connection, so that a `collect` that follows tells all this process will ever know. */
  | { readonly type: 'leave' }
  /** End the measuring window now (an interrupted or stopped run): nothing further becomes due. */
  | { readonly type: 'halt' }
  /** Drain is over: what is unanswered has failed. Send the parts, then `collected`. */
  | { readonly type: 'collect' }
  | { readonly type: 'stop' };

export type FromAgent =
  | {
      readonly type: 'hello';
      readonly version: number;
      readonly pid: number;
      /** Equal in processes that read the same monotonic clock; null where the system does not say. */
      readonly clock: string | null;
      readonly nowUs: number;
    }
  | { readonly type: 'opened'; readonly announcements: readonly Announcement[] }
  /** Senders are connected; `routes[i]` routes have to be proven for `Assignment.clients[i]`. */
  | { readonly type: 'connected'; readonly routes: readonly number[] }
  /** Of the peers of this process so far; told now and then while they are being opened. */
  | { readonly type: 'opening'; readonly clients: number }
  /**
   * What became of probes. `answered`: each arrival at a server, or answer to a client (call), as flattened triples
   * client, route, subscriber. `returned` by the bus, and `notTaken` by the library: flattened pairs client, route.
   */
  | {
      readonly type: 'probed';
      readonly answered: readonly number[];
      readonly returned: readonly number[];
      readonly notTaken: readonly number[];
    }
  | {
      readonly type: 'clock';
      readonly id: number;
      readonly receivedUs: number;
      readonly repliedUs: number;
    }
  | {
      readonly type: 'progress';
      readonly due: number;
      readonly sent: number;
      readonly completed: number;
      readonly failed: number;
      readonly delivered: number;
    }
  /** Every client of this process has had its operations and they have ended; the last `progress` tells how. */
  | { readonly type: 'exhausted' }
  /** What a `disconnect` cut of this client is connected again. */
  | { readonly type: 'reconnected'; readonly client: number }
  | Part
  | {
      readonly type: 'failed';
      readonly code: string;
      readonly message: string;
      readonly hint: string;
    };
