import { itemAt } from '../topologies/item-at.ts';
import type { ArrivalsPart } from './protocol.ts';

/** Rows of one ArrivalsPart: bounds the length of its line to some 0.6 MB. */
const rowsPerPart = 10_000;

/** First and last arrival of each message of one client at the servers of this process; 40 bytes a message. */
export class Arrivals {
  readonly #clientSite: number;
  /** By sequence; rows with no copies were never seen here. */
  #copies = new Uint32Array(0);
  #dueUs = new Float64Array(0);
  #sentUs = new Float64Array(0);
  #firstUs = new Float64Array(0);
  #lastUs = new Float64Array(0);

  constructor(clientSite: number) {
    this.#clientSite = clientSite;
  }

  /** One subscriber's first copy. `dueUs` counts from the start of measuring, `sentUs` and `arrivedUs` from due. */
  add(sequence: number, dueUs: number, sentUs: number, arrivedUs: number): void {
    if (sequence >= this.#copies.length) this.#grow(sequence);
    const copies = this.#copies[sequence] ?? 0;
    this.#copies[sequence] = copies + 1;
    if (copies === 0) {
      this.#dueUs[sequence] = dueUs;
      this.#sentUs[sequence] = sentUs;
      this.#firstUs[sequence] = arrivedUs;
    }
    this.#lastUs[sequence] = arrivedUs;
  }

  *parts(client: number): Generator<ArrivalsPart> {
    let rows: number[] = [];
    for (const [sequence, copies] of this.#copies.entries()) {
      if (copies === 0) continue;
      rows.push(sequence);
      if (rows.length < rowsPerPart) continue;
      yield this.#part(client, rows);
      rows = [];
    }
    if (rows.length > 0) yield this.#part(client, rows);
  }

  #part(client: number, rows: readonly number[]): ArrivalsPart {
    const pick = (column: Float64Array): string =>
      base64(Float64Array.from(rows, (row) => itemAt(column, row)));
    return {
      type: 'arrivals',
      client,
      clientSite: this.#clientSite,
      sequence: base64(Uint32Array.from(rows)),
      dueUs: pick(this.#dueUs),
      sentUs: pick(this.#sentUs),
      firstUs: pick(this.#firstUs),
      lastUs: pick(this.#lastUs),
      copies: base64(Uint32Array.from(rows, (row) => itemAt(this.#copies, row))),
    };
  }

  #grow(sequence: number): void {
    const length = Math.max(64, sequence + 1, this.#copies.length * 2);
    const copies = new Uint32Array(length);
    copies.set(this.#copies);
    this.#copies = copies;
    this.#dueUs = longer(this.#dueUs, length);
    this.#sentUs = longer(this.#sentUs, length);
    this.#firstUs = longer(this.#firstUs, length);
    this.#lastUs = longer(this.#lastUs, length);
  }
}

function longer(column: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(length);
  grown.set(column);
  return grown;
}

/** Typed arrays are little-endian on every platform that Node supports but s390x, which is not ours. */
function base64(column: Float64Array | Uint32Array): string {
  return Buffer.from(column.buffer, column.byteOffset, column.byteLength).toString('base64');
}
