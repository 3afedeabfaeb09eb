import { inflateRawSync } from 'node:zlib';
import hdr, { type Histogram } from 'hdr-histogram-js';
import type { HistogramPart } from '../../agents/protocol.ts';

/** The members of an encoded bitmap, ascending. */
export function decodeMembers(encoded: string): number[] {
  const bytes = inflateRawSync(Buffer.from(encoded, 'base64'));
  return [...bytes].flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => byte & (1 << bit)).map((bit) => at * 8 + bit),
  );
}

/** All histograms of one kind, merged by the library. */
export function mergeHistograms(parts: readonly HistogramPart[], kind: string): Histogram {
  const merged = hdr.build({ highestTrackableValue: 2 ** 32, autoResize: true });
  for (const part of parts) {
    if (part.kind === kind) merged.add(hdr.decodeFromCompressedBase64(part.hdr));
  }
  return merged;
}

export function decodeFloats(encoded: string): number[] {
  const bytes = Uint8Array.from(Buffer.from(encoded, 'base64'));
  return [...new Float64Array(bytes.buffer)];
}

export function decodeIntegers(encoded: string): number[] {
  const bytes = Uint8Array.from(Buffer.from(encoded, 'base64'));
  return [...new Uint32Array(bytes.buffer)];
}
