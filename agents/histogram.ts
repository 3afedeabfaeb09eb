import { deflateSync } from 'node:zlib';
import { itemAt } from '../topologies/item-at.ts';

/** Bits of a value that are kept: 11 are HdrHistogram's 3 significant digits, 8 its 2. */
const bitsOfDigits = { 2: 8, 3: 11 } as const;
const maxValue = 0xffff_ffff;

/**
 * Counts of µs values in HdrHistogram's bucket layout, 0 to 2^32 - 1 µs (71 minutes; more counts as that),
 * holding only the octaves that values fell into: recording allocates only when a new octave is reached.
 * Recording here takes about 16 ns, in hdr-histogram-js 26 (WebAssembly) or 82 (plain). The wire format is
 * HdrHistogram's own, so that any of its tools can read it.
 */
export class Histogram {
  readonly digits: 2 | 3;
  /** Recorded values, without the negative ones. */
  count = 0;
  /** Values below zero: two clocks disagreed. They cannot be recorded and rank below all others. */
  negative = 0;
  readonly #bits: number;
  readonly #octave: number;
  #counts: Uint32Array = new Uint32Array(0);
  /** Index of the first count held; a multiple of an octave. */
  #base = 0;

  constructor(digits: 2 | 3) {
    this.digits = digits;
    this.#bits = bitsOfDigits[digits];
    this.#octave = 1 << (this.#bits - 1);
  }

  /** Counts one value in µs, rounded to the nearest. */
  record(valueUs: number): void {
    if (valueUs < 0) {
      this.negative++;
      return;
    }
    const value = valueUs < maxValue ? (valueUs + 0.5) >>> 0 : maxValue;
    const shift = Math.max(0, 32 - this.#bits - Math.clz32(value));
    const index = shift * this.#octave + (value >>> shift);
    let at = index - this.#base;
    if (at < 0 || at >= this.#counts.length) {
      this.#grow(index);
      at = index - this.#base;
    }
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.count++;
  }

  /**
   * The value at quantile q among the recorded, the negative (lowest) and `failed` ones (infinite), as its bucket's
   * highest µs; null where it is not a recorded one, or when fewer than 10 of them all lie beyond it.
   */
  quantile(q: number, failed: number): number | null {
    const total = this.negative + this.count + failed;
    const rank = Math.max(1, Math.ceil(q * total));
    if (total - rank < 10) return null;
    let seen = this.negative;
    if (rank <= seen || rank > seen + this.count) return null;
    for (let at = 0; at < this.#counts.length; at++) {
      seen += this.#counts[at] ?? 0;
      if (seen >= rank) return this.#highest(this.#base + at);
    }
    return null;
  }

  /**
   * HdrHistogram V2 compressed, base64, to the byte as hdr-histogram-js writes it: counts as ZigZag LEB128, a run of
   * zeros as one negative number (HdrHistogram's `AbstractHistogram.fillBufferFromCountsArray`).
   */
  encode(): string {
    const counts = this.#counts;
    let end = counts.length;
    while (end > 0 && counts[end - 1] === 0) end--;
    // At most five bytes a 32-bit count, and a run of zeros before the first.
    const payload = Buffer.allocUnsafe(headBytes + 5 * (end + 1));
    let at = headBytes;
    let zeros = end === 0 ? 1 : this.#base;
    for (let i = 0; i < end; i++) {
      const count = itemAt(counts, i);
      if (count === 0) {
        zeros++;
        continue;
      }
      at = writeZeros(payload, at, zeros);
      at = writeVarint(payload, at, count * 2);
      zeros = 0;
    }
    at = writeZeros(payload, at, zeros);
    writeHead(payload, at - headBytes, this.digits);
    const deflated = deflateSync(payload.subarray(0, at));
    const head = Buffer.allocUnsafe(8);
    head.writeUInt32BE(compressedCookie, 0);
    head.writeUInt32BE(deflated.length, 4);
    return Buffer.concat([head, deflated]).toString('base64');
  }

  #grow(index: number): void {
    const octave = this.#octave;
    const start = Math.floor(index / octave) * octave;
    const held = this.#counts.length;
    const from = held === 0 ? start : Math.min(start, this.#base);
    const until = held === 0 ? start + octave : Math.max(start + octave, this.#base + held);
    const grown = new Uint32Array(until - from);
    if (held > 0) grown.set(this.#counts, this.#base - from);
    this.#counts = grown;
    this.#base = from;
  }

  #shift(index: number): number {
    const octave = Math.floor(index / this.#octave);
    return octave > 1 ? octave - 1 : 0;
  }

  #highest(index: number): number {
    const shift = this.#shift(index);
    return (index - shift * this.#octave + 1) * 2 ** shift - 1;
  }
}

/** Cookie, payload length, offset, digits, lowest and highest value, ratio. */
const headBytes = 40;
const cookie = 0x1c849313;
const compressedCookie = 0x1c849314;

function writeHead(payload: Buffer, bytes: number, digits: number): void {
  payload.writeUInt32BE(cookie, 0);
  payload.writeUInt32BE(bytes, 4);
  payload.writeUInt32BE(1, 8);
  payload.writeUInt32BE(digits, 12);
  payload.writeBigInt64BE(1n, 16);
  payload.writeBigInt64BE(BigInt(maxValue), 24);
  payload.writeBigInt64BE(1n, 32);
}

/** One zero is a count, several are minus their number. */
function writeZeros(payload: Buffer, at: number, zeros: number): number {
  if (zeros === 0) return at;
  return writeVarint(payload, at, zeros === 1 ? 0 : zeros * 2 - 1);
}

/** Little-endian groups of seven bits; up to 2^35, so not by bit operations alone. */
function writeVarint(payload: Buffer, at: number, value: number): number {
  let next = at;
  let rest = value;
  while (rest >= 0x80) {
    payload[next++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  payload[next++] = rest;
  return next;
}
