import type { ArrivalsPart } from '../../agents/protocol.ts';
import { itemAt } from '../../topologies/item-at.ts';
import type { Evidence } from '../evidence.ts';
import { partsOf } from './parts.ts';

/** First and last arrival of one message anywhere. `dueUs` counts from the start of measuring, the rest from due. */
export interface Arrival {
  readonly dueUs: number;
  readonly sentUs: number;
  readonly firstUs: number;
  readonly lastUs: number;
}

/** Joins the arrivals of all processes, by client and sequence. */
export function joinArrivals(evidence: Evidence): (client: number) => ReadonlyMap<number, Arrival> {
  const byClient = new Map<number, Map<number, Arrival>>();
  for (const part of partsOf(evidence, 'arrivals')) {
    const known = byClient.get(part.client) ?? new Map<number, Arrival>();
    byClient.set(part.client, known);
    for (const [sequence, arrival] of decodeArrivals(part)) {
      const other = known.get(sequence);
      known.set(sequence, other === undefined ? arrival : earliestAndLatest(other, arrival));
    }
  }
  return (client) => byClient.get(client) ?? new Map();
}

function earliestAndLatest(a: Arrival, b: Arrival): Arrival {
  return {
    // The header carries both, so processes agree but for the error of their clock offsets.
    dueUs: Math.min(a.dueUs, b.dueUs),
    sentUs: Math.min(a.sentUs, b.sentUs),
    firstUs: Math.min(a.firstUs, b.firstUs),
    lastUs: Math.max(a.lastUs, b.lastUs),
  };
}

function* decodeArrivals(part: ArrivalsPart): Generator<[sequence: number, arrival: Arrival]> {
  const due = float64s(part.dueUs);
  const sent = float64s(part.sentUs);
  const first = float64s(part.firstUs);
  const last = float64s(part.lastUs);
  for (const [at, sequence] of new Uint32Array(bytesOf(part.sequence)).entries()) {
    yield [
      sequence,
      {
        dueUs: itemAt(due, at),
        sentUs: itemAt(sent, at),
        firstUs: itemAt(first, at),
        lastUs: itemAt(last, at),
      },
    ];
  }
}

function float64s(encoded: string): Float64Array {
  return new Float64Array(bytesOf(encoded));
}

/** A copy, because a decoded Buffer may start anywhere in its pool and typed arrays need alignment. */
function bytesOf(encoded: string): ArrayBuffer {
  return Uint8Array.from(Buffer.from(encoded, 'base64')).buffer;
}
