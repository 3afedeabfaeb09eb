import { hasManyReceivers } from '../topologies/patterns.ts';
import type { Part } from './protocol.ts';
import type { RunState } from './run-state.ts';
import type { VitalsSeat } from './vitals.ts';
import type { Clients } from './workloads/clients.ts';
import type { Servers } from './workloads/servers.ts';

/** Ledger entries, and rows, of one part: bounds the length of a line and the time that one takes to make. */
const entriesPerPart = 100;
const rowsPerPart = 1000;

/** What a driver says of its library at the end. */
export interface LibraryFacts {
  readonly versions: { readonly [name: string]: string };
  readonly detour: string | null;
}

/** Everything that a process has recorded and not yet sent, `collected` last. Lazy: each part is made when asked for. */
export function* collectParts(
  run: RunState,
  clients: Clients,
  servers: Servers,
  vitals: VitalsSeat,
  more: LibraryFacts & { readonly startLatenessUs: number },
): Generator<Part> {
  const { recorder, tally, assignment, phases } = run;
  yield* recorder.remaining();
  yield* recorder.histograms();
  for (const entries of chunks(clients.ledgers(), entriesPerPart)) {
    yield { type: 'clientLedger', entries };
  }
  for (const entries of chunks(servers.ledgers(), entriesPerPart)) {
    yield { type: 'serverLedger', entries };
  }
  yield* servers.arrivals();
  for (const rows of chunks(clients.rows(), rowsPerPart)) yield { type: 'peers', rows };
  for (const rows of chunks(servers.rows(), rowsPerPart)) yield { type: 'peers', rows };
  const used = vitals.used();
  const hasEnded = phases !== null && Number.isFinite(tally.lastEndUs);
  yield {
    type: 'collected',
    process: assignment.process,
    ...(used === null ? {} : { vitals: used }),
    operations: tally.operations,
    handled: tally.handled,
    startLatenessUs: more.startLatenessUs,
    reasons: tally.reasons.entries(),
    reconnects: tally.reconnects,
    foreign: tally.foreign,
    lastEndUs: hasEnded ? tally.lastEndUs - phases.measureUs : null,
    // With several receivers, only the join of all arrivals tells when a message was done.
    ...(hasManyReceivers(assignment.workload) ? {} : { doneInWindow: tally.doneInWindow }),
    versions: more.versions,
    ...(more.detour === null ? {} : { detour: more.detour }),
  };
}

function* chunks<T>(items: Iterable<T>, length: number): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < length) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
