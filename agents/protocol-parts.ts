/** The parts of the protocol that make the result: what agents recorded, as they hand it over. */

/** Latency histograms an agent keeps. A `pair` kind has a server site, the others only the client's site. */
export type PairKind = 'response' | 'service' | 'requestLeg' | 'hold' | 'replyLeg' | 'transit';
export type SiteKind = 'agentDelay' | 'busDelay' | 'accepted' | 'reconnect';
/** Of the process itself, from one of the agents it plays: lateness of its own 10 ms timer. */
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

/**
 * Failures counted by class, then by reason: the bus's own words where it said any, else what we know. Of a class the
 * counts add up to its failures.
 */
export interface Reasons {
  readonly [outcome: string]: { readonly [reason: string]: number };
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
  readonly reasons: Reasons;
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
  /**
   * What the bus said while messages were under way that nobody failed: which of them it was said of, and why they may be
   * lost. Absent for none; at most 20, of which the last may be `other`.
   */
  readonly troubles?: readonly { readonly reason: string; readonly sequences: string }[];
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

/** What a process used of its machine. */
export interface ProcessVitals {
  /** CPU over the measuring window, µs. */
  readonly cpuUs: number;
  readonly rssMaxBytes: number;
  /** Open at its end. */
  readonly sockets: number;
  readonly gcUs: number;
}

/** Closes the parts of an agent: its totals. */
export interface CollectedPart {
  readonly type: 'collected';
  readonly process: string;
  /** Of the process that plays it; absent where another of its agents tells that. */
  readonly vitals?: ProcessVitals;
  /** Operations begun (clients) and messages handled (servers) in the window. */
  readonly operations: number;
  readonly handled: number;
  /** How late the pacing loop really started, µs. */
  readonly startLatenessUs: number;
  /** Failures that the clients of this process decided. */
  readonly reasons: Reasons;
  readonly reconnects: number;
  readonly foreign: number;
  /** End of the window's last operation, done or failed, µs after the start of measuring; null when none ended. */
  readonly lastEndUs: number | null;
  /** Operations of the window done before it ended, where this process knows: in time, first deliveries. */
  readonly doneInWindow?: number;
  readonly versions: { readonly [name: string]: string };
  /** Why messages took a slower way through the client library than the driver's own; absent when they did not. */
  readonly detour?: string;
}

export type Part =
  | HistogramPart
  | IntervalPart
  | { readonly type: 'clientLedger'; readonly entries: readonly ClientLedger[] }
  | { readonly type: 'serverLedger'; readonly entries: readonly ServerLedger[] }
  | ArrivalsPart
  | { readonly type: 'peers'; readonly rows: readonly PeerRow[] }
  | CollectedPart;
