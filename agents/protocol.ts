/**
 * What orchestrator and agents say to each other: one JSON object a line, over any byte stream.
 * Times are microseconds of the sender's monotonic clock (`nowUs`) unless a comment says otherwise.
 */

/** Both ends refuse to talk when this differs. */
export const protocolVersion = 1;

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

export interface AgentWorkload {
  readonly pattern: 'call' | 'cast' | 'fanout' | 'notify';
  readonly target: 'any' | 'one';
  readonly topics: number;
  readonly pools: number;
  readonly pace:
    | {
        readonly kind: 'open';
        readonly ratePerSecond: number;
        readonly arrivals: 'constant' | 'poisson';
        readonly ramp: readonly { readonly toPerSecond: number; readonly overMs: number }[];
      }
    | { readonly kind: 'pause'; readonly pauseMs: number }
    | { readonly kind: 'inFlight'; readonly inFlight: number };
  readonly body:
    | { readonly kind: 'fixed'; readonly bytes: number }
    | { readonly kind: 'uniform'; readonly minBytes: number; readonly maxBytes: number }
    | {
        readonly kind: 'weighted';
        readonly rows: readonly (readonly [bytes: number, weight: number])[];
      };
  readonly reply:
    | { readonly kind: 'echo' }
    | { readonly kind: 'empty' }
    | { readonly kind: 'fixed'; readonly bytes: number };
  readonly hold: { readonly meanMs: number; readonly distribution: 'constant' | 'exponential' };
  readonly timeoutMs: number;
}

/** Everything an agent process needs to know before it opens anything. */
export interface Assignment {
  readonly run: string;
  /** Low 16 bits of a hash of the run id: foreign messages on a shared bus are told apart by it. */
  readonly runTag: number;
  readonly process: string;
  readonly processIndex: number;
  readonly sites: readonly string[];
  readonly clients: readonly ClientPeer[];
  readonly servers: readonly ServerPeer[];
  readonly totalClients: number;
  readonly totalServers: number;
  /** Expected deliveries of one message, by topic: 1 for call and cast, receivers for fanout, pools for notify. */
  readonly receivers: readonly number[];
  readonly driver: { readonly name: string; readonly endpoint: Json };
  /** What an earlier life of this process announced; its receivers have to be found there again. */
  readonly announced?: readonly Announcement[];
  readonly guarantee: 'at-most-once' | 'at-least-once';
  readonly connections: 'own' | 'shared';
  readonly failover: boolean;
  readonly reconnect: { readonly minMs: number; readonly maxMs: number };
  readonly workload: AgentWorkload;
  /** Measured operations a client, for `measure: { calls }`; null when a duration ends the window. */
  readonly callsPerClient: number | null;
  readonly seed: number;
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
  | { readonly type: 'hello'; readonly version: number }
  | { readonly type: 'assign'; readonly assignment: Assignment }
  /** How this process reaches every receiver; the driver's own shape. Asks the agent to connect its senders. */
  | { readonly type: 'directory'; readonly directory: Json }
  /** Send a probe on every path not proven yet, again every `everyMs`, until told `proven` for each client. */
  | { readonly type: 'probe'; readonly everyMs: number }
  | { readonly type: 'proven'; readonly clients: readonly number[] }
  /** This process's clock minus each process's clock, and the bound of its error; both by process index. */
  | {
      readonly type: 'offsets';
      readonly offsetUs: readonly number[];
      readonly uncertaintyUs: readonly number[];
    }
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

/** Latency histograms an agent keeps. A `pair` kind has a server site, the others only the client's site. */
export type PairKind = 'response' | 'service' | 'requestLeg' | 'hold' | 'replyLeg' | 'transit';
export type SiteKind = 'agentDelay' | 'busDelay' | 'accepted' | 'reconnect';
/** Of the agent process itself: lateness of its own 10 ms timer. */
export type ProcessKind = 'eventLoopDelay';

/** HdrHistogram V2 compressed, base64, values in µs. `negative` samples could not be recorded and rank lowest. */
export interface HistogramPart {
  readonly type: 'histogram';
  readonly kind: PairKind | SiteKind | ProcessKind;
  readonly clientSite: number | null;
  readonly serverSite: number | null;
  readonly hdr: string;
  readonly count: number;
  readonly negative: number;
}

/** One second of the measuring window (by due time) as one process saw it. Sent when it can no longer change. */
export interface IntervalPart {
  readonly type: 'interval';
  /** Whole seconds since the start of measuring. */
  readonly second: number;
  readonly clientSite: number;
  /** Operations due, known where the client is; 0 in a server's part. */
  readonly due: number;
  /** Completed as far as this process knows: replies at the client (call), deliveries at the server (cast, notify). */
  readonly done: number;
  readonly failed: number;
  readonly response: string | null;
  readonly service: string | null;
  readonly failedBy: { readonly [outcome: string]: number };
  /** From the loss of a connection in this second to its return, as a histogram; null or absent for none. */
  readonly reconnect?: string | null;
  /** 10 ms slots with an operation due that was done, that failed: 13 little-endian bytes, bit i for slot i, base64. */
  readonly doneSlots: string;
  readonly failedSlots: string;
}

/** Bitmaps are little-endian bytes, bit s for sequence s of the measuring window, deflateRaw, base64. */
export interface ClientLedger {
  readonly client: number;
  /** Operations that became due in the window: sequences 0 .. due-1. */
  readonly due: number;
  readonly sent: string;
  /** Refused by the bus (unroutable, nacked, rejected ...); null when none. */
  readonly refused: string | null;
  /** Calls whose reply came, in time or late; null for other patterns. */
  readonly replied: string | null;
  /** Expected deliveries a message: `[first sequence, receivers]`, ascending. */
  readonly receivers: readonly (readonly [sequence: number, receivers: number])[];
  readonly failed: { readonly [outcome: string]: number };
  readonly completed: number;
  readonly late: number;
  /** How many became due in each second of the window: Uint32 little-endian, deflateRaw, base64. */
  readonly dueBySecond?: string;
}

/** What the servers of one process saw of one client, one subscriber. Only messages of the measuring window. */
export interface ServerLedger {
  readonly client: number;
  readonly clientSite: number;
  readonly subscriber: number;
  readonly delivered: string;
  /** The delivered ones that came by their deadline; null when all did (always null for calls). */
  readonly inTime: string | null;
  /** Served at the client's own site. */
  readonly local: number;
  readonly duplicated: number;
  /** Which sequences were delivered more than once here; null or absent for none. */
  readonly repeated?: string | null;
  readonly reordered: number;
  readonly redelivered: number;
}

/** fanout, and notify with several pools: per message first and last arrival here. Times are µs after due. */
export interface ArrivalsPart {
  readonly type: 'arrivals';
  readonly client: number;
  readonly clientSite: number;
  /** base64 of little-endian arrays of equal length: Uint32, Float64 x4, Uint32. `dueUs` counts from the start of measuring. */
  readonly sequence: string;
  readonly dueUs: string;
  readonly sentUs: string;
  readonly firstUs: string;
  readonly lastUs: string;
  readonly copies: string;
}

export interface PeerRow {
  readonly peer: string;
  readonly role: 'client' | 'server';
  readonly index: number;
  readonly site: number;
  readonly topic: number;
  /** client: operations due; server: messages handled. */
  readonly due: number;
  readonly completed: number;
  /** Calls served at the client's own site; 0 for other patterns, whose servers know. */
  readonly local: number;
  readonly failed: number;
  readonly responseP50Us: number | null;
  readonly responseP99Us: number | null;
}

/** Closes the parts of an agent: totals that belong to the process. */
export interface CollectedPart {
  readonly type: 'collected';
  readonly process: string;
  /** CPU of the process over the measuring window, µs. */
  readonly cpuUs: number;
  readonly rssMaxBytes: number;
  readonly gcUs: number;
  /** Operations begun (clients) and messages handled (servers) in the window. */
  readonly operations: number;
  readonly handled: number;
  /** How late the pacing loop really started, µs. */
  readonly startLatenessUs: number;
  /** Failures by class with the bus's own reason, most frequent first, bounded. */
  readonly reasons: readonly {
    readonly outcome: string;
    readonly reason: string;
    readonly count: number;
  }[];
  readonly reconnects: number;
  readonly foreign: number;
  /** End of the last operation of the window, µs after the start of measuring; null when nothing completed. */
  readonly lastDoneUs: number | null;
  /** Operations of the window done before it ended, where this process knows: in time, first deliveries. */
  readonly doneInWindow?: number;
  readonly versions: { readonly [name: string]: string };
}

export type Part =
  | HistogramPart
  | IntervalPart
  | { readonly type: 'clientLedger'; readonly entries: readonly ClientLedger[] }
  | { readonly type: 'serverLedger'; readonly entries: readonly ServerLedger[] }
  | ArrivalsPart
  | { readonly type: 'peers'; readonly rows: readonly PeerRow[] }
  | CollectedPart;

export type FromAgent =
  | {
      readonly type: 'hello';
      readonly version: number;
      readonly pid: number;
      /** Same boot id and time namespace: same monotonic clock. */
      readonly bootId: string;
      readonly timeNamespace: string;
      readonly nowUs: number;
    }
  | { readonly type: 'opened'; readonly announcements: readonly Announcement[] }
  /** Senders are connected; `paths[i]` paths have to be proven for `Assignment.clients[i]`. */
  | { readonly type: 'connected'; readonly paths: readonly number[] }
  /** Probes newly seen by servers, or answered to clients (call): flattened triples client, path, subscriber. */
  | { readonly type: 'probed'; readonly triples: readonly number[] }
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
