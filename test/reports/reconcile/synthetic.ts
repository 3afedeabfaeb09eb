import { Bitmap } from '../../../agents/bitmap.ts';
import { Histogram } from '../../../agents/histogram.ts';
import type {
  ArrivalsPart,
  ClientLedger,
  ClientPeer,
  CollectedPart,
  HistogramPart,
  IntervalPart,
  Part,
  PeerRow,
  ServerLedger,
  ServerPeer,
} from '../../../agents/protocol.ts';
import { conclude } from '../../../reports/conclude.ts';
import type { Evidence, RttSample } from '../../../reports/evidence.ts';
import type { Warning } from '../../../reports/result.ts';
import { apply, type Unjudged } from '../../../reports/warnings/rule.ts';
import { warningRules } from '../../../reports/warnings/warnings.ts';
import type { ResolvedScenario, WorkloadSpec } from '../../../topologies/scenario.ts';
import { busWith } from '../../helpers/buses.ts';
import { base } from '../../helpers/resolved.ts';

/*
 * Evidence made by hand, with the encodings that agents use. Two sites: 0 is paris, 1 is lyon, 10 ms apart (one way).
 * Processes: 0 client.paris, 1 client.lyon, 2 server.paris, 3 server.lyon.
 */

export function range(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

export function bits(sequences: Iterable<number>): string {
  const bitmap = new Bitmap();
  for (const sequence of sequences) bitmap.add(sequence);
  return bitmap.encode();
}

export function hdr(valuesUs: Iterable<number>, digits: 2 | 3 = 3): string | null {
  const histogram = new Histogram(digits);
  for (const value of valuesUs) histogram.record(value);
  return histogram.encode();
}

export function histogram(
  kind: HistogramPart['kind'],
  valuesUs: readonly number[],
  clientSite: number | null = 0,
  serverSite: number | null = 0,
): HistogramPart {
  const recorded = valuesUs.filter((value) => value >= 0);
  const negative = valuesUs.length - recorded.length;
  return {
    type: 'histogram',
    kind,
    clientSite,
    serverSite,
    hdr: hdr(recorded),
    count: recorded.length,
    negative,
  } as HistogramPart;
}

export function interval(
  second: number,
  counts: { readonly due?: number; readonly done?: number; readonly failed?: number },
  responseUs: readonly number[] = [],
  more: Partial<IntervalPart> = {},
): IntervalPart {
  return {
    type: 'interval',
    second,
    clientSite: 0,
    due: counts.due ?? 0,
    done: counts.done ?? 0,
    failed: counts.failed ?? 0,
    response: hdr(responseUs),
    service: hdr(responseUs),
    reasons: counts.failed === undefined ? {} : { timeout: { silence: counts.failed } },
    doneSlots: slots(counts.done === undefined ? [] : range(100)),
    failedSlots: slots(counts.failed === undefined ? [] : range(100)),
    ...more,
  };
}

export function slots(of: Iterable<number>): string {
  const bytes = new Uint8Array(13);
  for (const slot of of) bytes[slot >> 3] = (bytes[slot >> 3] ?? 0) | (1 << (slot & 7));
  return Buffer.from(bytes).toString('base64');
}

export function clientLedger(
  entry: Partial<Omit<ClientLedger, 'sent' | 'refused' | 'replied'>> & {
    readonly client: number;
    readonly due: number;
    readonly sent?: readonly number[];
    readonly refused?: readonly number[];
    readonly replied?: readonly number[] | null;
  },
): ClientLedger {
  const { sent = range(entry.due), refused = [], replied = null } = entry;
  return {
    receivers: [[0, 1]],
    failed: {},
    completed: 0,
    late: 0,
    ...entry,
    sent: bits(sent),
    refused: refused.length === 0 ? null : bits(refused),
    replied: replied === null ? null : bits(replied),
  };
}

export function serverLedger(
  entry: Partial<Omit<ServerLedger, 'delivered' | 'inTime'>> & {
    readonly client: number;
    readonly delivered: readonly number[];
    readonly inTime?: readonly number[];
  },
): ServerLedger {
  return {
    clientSite: 0,
    subscriber: 0,
    local: 0,
    duplicated: 0,
    reordered: 0,
    redelivered: 0,
    ...entry,
    delivered: bits(entry.delivered),
    inTime: entry.inTime === undefined ? null : bits(entry.inTime),
  };
}

/** Rows of sequence, due, sent, first, last, copies. */
export function arrivals(
  client: number,
  rows: readonly (readonly [number, number, number, number, number, number])[],
): ArrivalsPart {
  const column = (at: number): string =>
    Buffer.from(Float64Array.from(rows, (row) => row[at] ?? 0).buffer).toString('base64');
  const integers = (at: number): string =>
    Buffer.from(Uint32Array.from(rows, (row) => row[at] ?? 0).buffer).toString('base64');
  return {
    type: 'arrivals',
    client,
    clientSite: 0,
    sequence: integers(0),
    dueUs: column(1),
    sentUs: column(2),
    firstUs: column(3),
    lastUs: column(4),
    copies: integers(5),
  };
}

export function collected(process: string, more: Partial<CollectedPart> = {}): CollectedPart {
  return {
    type: 'collected',
    process,
    vitals: { cpuUs: 0, rssMaxBytes: 0, gcUs: 0, sockets: 0 },
    operations: 0,
    handled: 0,
    startLatenessUs: 0,
    reasons: {},
    reconnects: 0,
    foreign: 0,
    lastEndUs: null,
    versions: {},
    ...more,
  };
}

/** A process of one role at one site. */
export function agent(role: 'client' | 'server', site: string): Evidence['processes'][number] {
  const name = `${role}.${site}`;
  return { name, site, role, playedBy: name, collected: true };
}

export function client(index: number, more: Partial<ClientPeer> = {}): ClientPeer {
  const site = more.site ?? 0;
  const name = `client.${site === 0 ? 'paris' : 'lyon'}/${index}`;
  return { index, name, site, topic: 0, server: null, ...more };
}

export function server(index: number, more: Partial<ServerPeer> = {}): ServerPeer {
  const site = more.site ?? 0;
  const name = `server.${site === 0 ? 'paris' : 'lyon'}/${index}`;
  return { index, name, site, topic: 0, subscriber: 0, ...more };
}

export function row(more: Partial<PeerRow> & Pick<PeerRow, 'role' | 'index'>): PeerRow {
  return {
    peer: `${more.role}.paris/${more.index}`,
    site: 0,
    topic: 0,
    due: 0,
    completed: 0,
    local: 0,
    failed: 0,
    responseP50Us: null,
    responseP99Us: null,
    ...more,
  };
}

export function rtt(
  from: string,
  to: string,
  rttP50Ms: number,
  more: Partial<RttSample> = {},
): RttSample {
  return {
    from,
    to,
    rttMinMs: rttP50Ms - 0.5,
    rttP50Ms,
    rttP99Ms: rttP50Ms + 1,
    probes: 100,
    lostProbes: null,
    ...more,
  };
}

const link = { delayMs: 10, jitterMs: 0, lossPercent: 0, rateMbps: null };

export function scenario(
  workload: Partial<WorkloadSpec> = {},
  more: Partial<ResolvedScenario> = {},
): ResolvedScenario {
  return {
    ...base,
    name: 'synthetic',
    sites: [
      { name: 'paris', hosts: [] },
      { name: 'lyon', hosts: [] },
    ],
    links: [
      { from: 'paris', to: 'lyon', ...link },
      { from: 'lyon', to: 'paris', ...link },
    ],
    bus: busWith('zeromq', {}, ['paris', 'lyon']),
    servers: { count: 1, placement: 'even' },
    clients: { ...base.clients, count: 1 },
    workload: { ...base.workload, ...workload },
    phases: { ...base.phases, warmupMs: 1000 },
    ...more,
  };
}

/** One client and one server in paris, and nothing recorded. Parts are put on process 0; it matters to nothing. */
export function evidence(
  of: ResolvedScenario,
  parts: readonly Part[],
  more: Partial<Evidence> = {},
): Evidence {
  return {
    scenario: of,
    startedAt: new Date('2026-01-02T03:04:05.000Z'),
    durationMs: 20_000,
    clients: [client(0)],
    servers: [server(0)],
    processes: [
      agent('client', 'paris'),
      agent('client', 'lyon'),
      agent('server', 'paris'),
      agent('server', 'lyon'),
    ],
    parts: parts.map((part) => ({ process: 0, part })),
    measuredMs: 10_000,
    measuredFromMs: 3_000,
    clocks: clocks({}),
    wan: {
      fabric: 'loopback',
      limits: [],
      before: [rtt('paris', 'lyon', 20), rtt('lyon', 'paris', 20)],
      after: [rtt('paris', 'lyon', 20), rtt('lyon', 'paris', 20)],
      traffic: [],
      inSiteBytes: null,
      inSiteReason: 'a relay sees no traffic inside a site',
    },
    bus: { type: 'zeromq', readyMs: 1, nodes: [], details: {} },
    resources: [],
    faults: [],
    warnings: [],
    environment: {
      node: 'v20',
      os: 'linux',
      kernel: '6',
      cpu: 'x',
      cores: 2,
      memoryBytes: 1,
      versions: {},
      commandLine: [],
    },
    failure: null,
    interrupted: false,
    ...more,
  };
}

/** Evidence with one process that died before it reported. */
export function without(whole: Evidence, process: string): Evidence {
  return {
    ...whole,
    processes: whole.processes.map((p) => (p.name === process ? { ...p, collected: false } : p)),
  };
}

/** What one warning says of a run in which nothing happened but what is given. */
export function warned(code: string, more: Partial<Unjudged>): readonly Warning[] {
  const empty = evidence(scenario(), []);
  const { result } = conclude(empty);
  const seen = { evidence: empty, accounts: [], result: { ...result, ...more } };
  return warningRules.filter((rule) => rule.code === code).flatMap((rule) => apply(rule, seen));
}

/** One clock for all four processes but those that have one of their own, by name, with what is not known of it. */
export function clocks(
  own: Readonly<Record<string, { readonly spreadUs: number; readonly boundUs: number }>>,
): Evidence['clocks'] {
  return ['client.paris', 'client.lyon', 'server.paris', 'server.lyon'].map((name, index) => ({
    clock: name in own ? index + 1 : 0,
    ...(own[name] ?? { spreadUs: 0, boundUs: 0 }),
  }));
}
