// Our own: one definition of a unit reads it, writes it, names the field and makes both JSON Schemas.

/** A kind of number that is written with its unit, and the base unit it is kept in. */
export interface Quantity<Suffix extends string = string> {
  /** The base unit, in words. */
  readonly base: string;
  /** What a resolved name ends in: `delay` is kept as `delayMs`. */
  readonly suffix: Suffix;
  /** For messages: "a duration". */
  readonly what: string;
  readonly units: string;
  readonly example: string;
  readonly pattern: RegExp;
  /** Base value of a text that matches `pattern`. */
  parse(text: string): number;
  /** The shortest text that parses back to exactly `value`. */
  format(value: number): string;
  readonly min: number;
  readonly max: number;
}

/** `[suffix, numerator, denominator]`: base value = n * numerator / denominator. Division keeps 10us exact in ms. */
type Unit = readonly [suffix: string, times: number, over: number];

const numberPattern = '(?:[0-9]+(?:\\.[0-9]+)?|\\.[0-9]+)(?:e[+-]?[0-9]{1,3})?';

/** `compound`: also whole numbers of several units in a row, in this order, as in 1m30s. */
function quantity<Suffix extends string>(
  words: Pick<Quantity<Suffix>, 'suffix' | 'base' | 'what' | 'units' | 'example' | 'min' | 'max'>,
  units: readonly Unit[],
  compound: readonly string[] = [],
): Quantity<Suffix> {
  const suffixes = units.map(([suffix]) => suffix).join('|');
  const single = new RegExp(`^(${numberPattern}) ?(${suffixes})$`);
  const inARow = compound.map((suffix) => `(?:[0-9]+${suffix}(?![a-z]))?`).join('');
  const pattern =
    compound.length === 0
      ? single
      : new RegExp(`^(?:${numberPattern} ?(?:${suffixes})|(?=[0-9])${inARow})$`);
  const unitValue = (digits: string | undefined, suffix: string | undefined): number => {
    const unit = units.find(([name]) => name === suffix);
    return digits === undefined || unit === undefined
      ? Number.NaN
      : (Number(digits) * unit[1]) / unit[2];
  };
  const parse = (text: string): number => {
    const [, digits, suffix] = single.exec(text) ?? [];
    if (digits !== undefined) return unitValue(digits, suffix);
    if (!pattern.test(text)) return Number.NaN;
    const parts = [...text.matchAll(/([0-9]+)([a-z]+)/g)];
    return parts.reduce((sum, [, count, unit]) => sum + unitValue(count, unit), 0);
  };
  const format = (value: number): string => {
    const [first] = units;
    const base = units.find(([, times, over]) => times === over) ?? first;
    if (base === undefined) throw new RangeError('a quantity without units');
    const texts = units.map(([suffix, times, over]) => `${(value * over) / times}${suffix}`);
    const exact = texts.filter((text) => value !== 0 && parse(text) === value);
    return exact.reduce((a, b) => (b.length < a.length ? b : a), `${value}${base[0]}`);
  };
  return { ...words, pattern, parse, format };
}

const dayMs = 24 * 3600 * 1000;

/** Kept in ms; a week at most, which timers can still count. */
export const duration: Quantity<'Ms'> = quantity(
  {
    suffix: 'Ms',
    base: 'ms',
    what: 'a duration',
    units: 'us, ms, s, m, h or d',
    example: '10ms',
    min: 0,
    max: 7 * dayMs,
  },
  [
    ['ms', 1, 1],
    ['us', 1, 1000],
    ['s', 1000, 1],
    ['m', 60_000, 1],
    ['h', 3_600_000, 1],
    ['d', dayMs, 1],
  ],
  ['d', 'h', 'm', 's', 'ms', 'us'],
);

/** Kept in operations a second. */
export const rate: Quantity<'PerSecond'> = quantity(
  {
    suffix: 'PerSecond',
    base: 'operations a second',
    what: 'a rate',
    units: '/s, /m or /h',
    example: '1000/s',
    min: 0,
    max: 1e7,
  },
  [
    ['/s', 1, 1],
    ['/m', 1, 60],
    ['/h', 1, 3600],
  ],
);

/** Kept in Mbit/s. Prefixes are decimal, as tc has them for rates; tc's capitals are understood. */
export const bitRate: Quantity<'Mbps'> = quantity(
  {
    suffix: 'Mbps',
    base: 'Mbit/s',
    what: 'a bit rate',
    units: 'bit, kbit, mbit, gbit, B, kB, mB or gB (a second)',
    example: '100mbit',
    min: 0.001,
    max: 1e6,
  },
  [
    ['mbit', 1, 1],
    ['bit', 1, 1e6],
    ['kbit', 1, 1000],
    ['gbit', 1000, 1],
    ['B', 8, 1e6],
    ['kB', 8, 1000],
    ['mB', 8, 1],
    ['gB', 8000, 1],
    ['Kbit', 1, 1000],
    ['Mbit', 1, 1],
    ['Gbit', 1000, 1],
  ],
);

/** How a bandwidth without a limit is written. */
export const unlimited = 'unlimited';

/** Kept in bytes. Prefixes are decimal. */
export const size: Quantity<'Bytes'> = quantity(
  {
    suffix: 'Bytes',
    base: 'bytes',
    what: 'a size',
    units: 'B, kB, mB, gB, bit, kbit, mbit or gbit',
    example: '64kB',
    min: 0,
    max: 64e6,
  },
  [
    ['B', 1, 1],
    ['kB', 1000, 1],
    ['mB', 1e6, 1],
    ['gB', 1e9, 1],
    ['bit', 1, 8],
    ['kbit', 1000, 8],
    ['mbit', 1e6, 8],
    ['gbit', 1e9, 8],
  ],
);

/** Kept as 0 to 100. */
export const percent: Quantity<'Percent'> = quantity(
  {
    suffix: 'Percent',
    base: '%',
    what: 'a percentage',
    units: '%',
    example: '0.1%',
    min: 0,
    max: 100,
  },
  [['%', 1, 1]],
);

/** What to say about a value that is no such quantity. */
export function quantityProblem(kind: Quantity, input: unknown): string {
  const expected = `expected ${kind.what} with its unit (${kind.units}), such as ${kind.example}`;
  if (input === undefined) return `is missing; ${expected}`;
  if (typeof input === 'number') return `${expected}; got the bare number ${input}`;
  if (input === null) return `${expected}; got nothing`;
  if (typeof input === 'string') return `${expected}; got ${JSON.stringify(clip(input))}`;
  return `${expected}; got ${Array.isArray(input) ? 'a list' : `a ${typeof input}`}`;
}

/** What is wrong with a parsed value's range, or null. */
export function rangeProblem(
  kind: Pick<Quantity, 'what' | 'format' | 'min' | 'max'>,
  value: number,
): string | null {
  if (value >= kind.min && value <= kind.max) return null;
  const bounds = `${kind.format(kind.min)} to ${kind.format(kind.max)}`;
  return `expected ${kind.what} from ${bounds}; got ${kind.format(value)}`;
}

function clip(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
