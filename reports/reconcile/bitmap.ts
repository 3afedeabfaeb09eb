import { inflateRawSync } from 'node:zlib';
import { itemAt } from '../../topologies/item-at.ts';

/** A set of sequence numbers: bit s (of little-endian bytes) for sequence s. */
export type Bitmap = Uint8Array;

const emptyBitmap: Bitmap = new Uint8Array(0);

/** Reads what agents send (deflateRaw, base64); null is the empty set. */
export function decodeBitmap(encoded: string | null): Bitmap {
  if (encoded === null || encoded === '') return emptyBitmap;
  return inflateRawSync(Buffer.from(encoded, 'base64'));
}

export function hasBit(bitmap: Bitmap, sequence: number): boolean {
  return ((bitmap[sequence >>> 3] ?? 0) & (1 << (sequence & 7))) !== 0;
}

/** Puts a sequence into a set that has room for it; throws where it has none. */
export function addBit(bitmap: Bitmap, sequence: number): void {
  bitmap[sequence >>> 3] = itemAt(bitmap, sequence >>> 3) | (1 << (sequence & 7));
}

export function union(a: Bitmap, b: Bitmap): Bitmap {
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const result = Uint8Array.from(long);
  for (let i = 0; i < short.length; i++) result[i] = itemAt(result, i) | itemAt(short, i);
  return result;
}

export function intersection(a: Bitmap, b: Bitmap): Bitmap {
  // Not slice: that of a Buffer shares its memory.
  const result = Uint8Array.from(a.subarray(0, b.length));
  for (let i = 0; i < result.length; i++) result[i] = itemAt(result, i) & itemAt(b, i);
  return result;
}

/** What is in `a` and not in `b`. */
export function difference(a: Bitmap, b: Bitmap): Bitmap {
  const result = Uint8Array.from(a);
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) result[i] = itemAt(result, i) & ~itemAt(b, i);
  return result;
}

/** How many sequences are in the set. */
export function size(bitmap: Bitmap): number {
  let count = 0;
  for (let byte of bitmap) {
    byte -= (byte >> 1) & 0x55;
    byte = (byte & 0x33) + ((byte >> 2) & 0x33);
    count += (byte + (byte >> 4)) & 0x0f;
  }
  return count;
}

/** One more than the highest sequence in the set; 0 when it is empty. */
export function span(bitmap: Bitmap): number {
  for (let i = bitmap.length - 1; i >= 0; i--) {
    const byte = itemAt(bitmap, i);
    if (byte !== 0) return i * 8 + 32 - Math.clz32(byte);
  }
  return 0;
}

/** How many sequences from `first` up to, not including, `end` are in the set. */
export function sizeWithin(bitmap: Bitmap, first: number, end: number): number {
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
