import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { itemAt } from '../topologies/item-at.ts';

/** A set of sequence numbers, one bit each, that grows as they come. */
export class Bitmap {
  #bytes: Bits = new Uint8Array(0);
  /** Members. */
  size = 0;

  /** True when `index` was not a member before. */
  add(index: number): boolean {
    const at = index >>> 3;
    if (at >= this.#bytes.length) {
      const grown = new Uint8Array(Math.max(8, at + 1, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    const byte = this.#bytes[at] ?? 0;
    const bit = 1 << (index & 7);
    if ((byte & bit) !== 0) return false;
    this.#bytes[at] = byte | bit;
    this.size++;
    return true;
  }

  has(index: number): boolean {
    return hasBit(this.#bytes, index);
  }

  /** The members that `other` lacks. */
  without(other: Bitmap): Bitmap {
    const rest = new Bitmap();
    rest.#bytes = difference(this.#bytes, other.#bytes);
    rest.size = size(rest.#bytes);
    return rest;
  }

  /** Little-endian bytes without trailing zeros, bit s for member s, deflateRaw, base64. */
  encode(): string {
    let length = this.#bytes.length;
    while (length > 0 && this.#bytes[length - 1] === 0) length--;
    return encodeBytes(this.#bytes.subarray(0, length));
  }
}

/** deflateRaw, base64. */
export function encodeBytes(bytes: Uint8Array): string {
  const deflated = bytes.length <= storedMax ? stored(bytes) : deflateRawSync(bytes);
  return deflated.toString('base64');
}

/** Up to here a stored block of deflate (RFC 1951, 3.2.4) is made by hand: zlib needs 50 µs to set up for each. */
const storedMax = 128;

function stored(bytes: Uint8Array): Buffer {
  const block = Buffer.alloc(5 + bytes.length);
  block[0] = 1;
  block.writeUInt16LE(bytes.length, 1);
  block.writeUInt16LE(~bytes.length & 0xffff, 3);
  block.set(bytes, 5);
  return block;
}

/** A set of sequence numbers: bit s (of little-endian bytes) for sequence s. */
export type Bits = Uint8Array;

const noBits: Bits = new Uint8Array(0);

/** Reads what agents send (deflateRaw, base64); null is the empty set. */
export function decodeBits(encoded: string | null): Bits {
  if (encoded === null || encoded === '') return noBits;
  return inflateRawSync(Buffer.from(encoded, 'base64'));
}

export function hasBit(bitmap: Bits, sequence: number): boolean {
  return ((bitmap[sequence >>> 3] ?? 0) & (1 << (sequence & 7))) !== 0;
}

/** Puts a sequence into a set that has room for it; throws where it has none. */
export function addBit(bitmap: Bits, sequence: number): void {
  bitmap[sequence >>> 3] = itemAt(bitmap, sequence >>> 3) | (1 << (sequence & 7));
}

export function union(a: Bits, b: Bits): Bits {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const result = Uint8Array.from(long);
  for (let i = 0; i < short.length; i++) result[i] = itemAt(result, i) | itemAt(short, i);
  return result;
}

export function intersection(a: Bits, b: Bits): Bits {
  // Not slice: that of a Buffer shares its memory.
  const result = Uint8Array.from(a.subarray(0, b.length));
  for (let i = 0; i < result.length; i++) result[i] = itemAt(result, i) & itemAt(b, i);
  return result;
}

/** What is in `a` and not in `b`. */
export function difference(a: Bits, b: Bits): Bits {
  const result = Uint8Array.from(a);
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) result[i] = itemAt(result, i) & ~itemAt(b, i);
  return result;
}

/** How many sequences are in the set. */
export function size(bitmap: Bits): number {
  let count = 0;
  for (let byte of bitmap) {
    byte -= (byte >> 1) & 0x55;
    byte = (byte & 0x33) + ((byte >> 2) & 0x33);
    count += (byte + (byte >> 4)) & 0x0f;
  }
  return count;
}

/** One more than the highest sequence in the set; 0 when it is empty. */
export function span(bitmap: Bits): number {
  for (let i = bitmap.length - 1; i >= 0; i--) {
    const byte = itemAt(bitmap, i);
    if (byte !== 0) return i * 8 + 32 - Math.clz32(byte);
  }
  return 0;
}

/** How many sequences from `first` up to, not including, `end` are in the set. */
export function sizeWithin(bitmap: Bits, first: number, end: number): number {
  let count = 0;
  const last = Math.min(end, bitmap.length * 8);
  for (let sequence = first; sequence < last; sequence++) if (hasBit(bitmap, sequence)) count++;
  return count;
}

/** Reads little-endian 32-bit counts (deflateRaw, base64). */
export function decodeCounts(encoded: string): readonly number[] {
  const bytes = inflateRawSync(Buffer.from(encoded, 'base64'));
  return Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readUInt32LE(4 * i));
}
