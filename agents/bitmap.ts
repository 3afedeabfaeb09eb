import { deflateRawSync } from 'node:zlib';

/** A set of sequence numbers, one bit each, that grows as they come. */
export class Bitmap {
  #bytes = new Uint8Array(0);
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
    return ((this.#bytes[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** The members that `other` lacks. */
  without(other: Bitmap): Bitmap {
    const rest = new Bitmap();
    rest.#bytes = this.#bytes.map((byte, at) => byte & ~(other.#bytes[at] ?? 0));
    rest.size = rest.#bytes.reduce((sum, byte) => sum + bitsIn(byte), 0);
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

function bitsIn(byte: number): number {
  let rest = byte;
  let bits = 0;
  for (; rest !== 0; rest &= rest - 1) bits++;
  return bits;
}
