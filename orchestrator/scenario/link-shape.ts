import { z } from 'zod';
import type { LinkShape } from '../../topologies/topology.ts';
import { quantityType, whole } from './schema-parts.ts';
import { bitRate, duration, percent, quantityProblem, unlimited } from './units.ts';

/** Link values as given; absent ones come from the default. */
export type LinkValues = { readonly [K in keyof LinkShape]?: LinkShape[K] | undefined };

interface LinkFields {
  readonly delay?: number | undefined;
  readonly jitter?: number | undefined;
  readonly loss?: number | undefined;
  readonly burst?: number | undefined;
  readonly rate?: number | null | undefined;
}

type FieldTypes = {
  readonly [K in keyof LinkFields]-?: z.ZodOptional<z.ZodType<Exclude<LinkFields[K], undefined>>>;
};

const rateType = z.union(
  [z.literal(unlimited).transform(() => null), quantityType(bitRate, 'bandwidth of one direction')],
  { error: ({ input }) => `${quantityProblem(bitRate, input)}; "${unlimited}" is allowed` },
);

/** What a link can be given, each value optional. */
export const linkFields: FieldTypes = {
  delay: quantityType(duration, 'one-way delay; the round trip is twice this').optional(),
  jitter: quantityType(duration, 'standard deviation of the delay').optional(),
  loss: quantityType(percent, 'share of packets lost').optional(),
  burst: whole(1, 1_000, 'packets lost in a row on average; 1: each is lost by itself').optional(),
  rate: rateType.optional(),
};

/** The same by the names of a LinkShape. */
export function linkValues({ delay, jitter, loss, burst, rate }: LinkFields): LinkValues {
  return {
    delayMs: delay,
    jitterMs: jitter,
    lossPercent: loss,
    lossBurst: burst,
    rateMbps: rate,
  };
}
