/** What a search found along its axis; values are numbers in the unit of `from` and `to`. */
export interface Bracket {
  /** The highest value for which everything held; null when not even the lowest did. */
  readonly holds: number | null;
  /** The lowest value for which something did not hold; null when even the highest did. */
  readonly fails: number | null;
  /** Every measurement in order. */
  readonly trials: readonly Trial[];
}

export interface Trial {
  readonly value: number;
  /** Which measurement of that value this was, from 1. */
  readonly attempt: number;
  readonly held: boolean;
}

export interface SearchRange {
  readonly from: number;
  readonly to: number;
  /** Relative width of the bracket at which to stop. */
  readonly precision: number;
  /** Counts are measured at whole numbers only. */
  readonly whole: boolean;
}

const maxTrials = 60;

/**
 * Bisects between `from` and `to` (by the geometric mean: capacities spread over decades) with fresh measurements.
 * Both ends of the final bracket are measured a second time; where the two verdicts differ, a third decides, and
 * the search goes on from what it says.
 */
export async function bisect(
  range: SearchRange,
  measure: (value: number, attempt: number) => Promise<boolean>,
): Promise<Bracket> {
  const trials: Trial[] = [];
  const attempt = async (value: number): Promise<boolean> => {
    const number = trials.filter((trial) => trial.value === value).length + 1;
    const held = await measure(value, number);
    trials.push({ value, attempt: number, held });
    return held;
  };
  const verdict = (value: number): boolean => {
    const all = trials.filter((trial) => trial.value === value);
    return all.filter((trial) => trial.held).length * 2 > all.length;
  };
  /** The verdict after two measurements, or three where two differ. */
  const confirmed = async (value: number): Promise<boolean> => {
    while (trials.length < maxTrials) {
      const all = trials.filter((trial) => trial.value === value);
      const agree = new Set(all.map((trial) => trial.held)).size === 1;
      if ((agree && all.length >= 2) || all.length >= 3) break;
      await attempt(value);
    }
    return verdict(value);
  };

  if (!(await attempt(range.from)) && !(await confirmed(range.from))) {
    return { holds: null, fails: range.from, trials };
  }
  if ((await attempt(range.to)) && (await confirmed(range.to))) {
    return { holds: range.to, fails: null, trials };
  }
  // Values believed to hold, ascending, and to fail, descending: the last of each is the bracket.
  const floors = [range.from];
  const ceilings = [range.to];
  const low = (): number => floors.at(-1) ?? range.from;
  const high = (): number => ceilings.at(-1) ?? range.to;
  while (trials.length < maxTrials) {
    const middle = between(low(), high(), range);
    if (middle !== null) {
      const side = (await attempt(middle)) ? floors : ceilings;
      side.push(middle);
    } else if (floors.length > 1 && !(await confirmed(low()))) {
      ceilings.push(floors.pop() ?? range.from);
    } else if (ceilings.length > 1 && (await confirmed(high()))) {
      floors.push(ceilings.pop() ?? range.to);
    } else break;
  }
  return { holds: low(), fails: high(), trials };
}

/** A value to measure next; null when the bracket is narrow enough. */
function between(low: number, high: number, { precision, whole }: SearchRange): number | null {
  if (high <= low * (1 + precision)) return null;
  const mean = low > 0 ? Math.sqrt(low * high) : (low + high) / 2;
  const value = whole ? Math.round(mean) : Number(mean.toPrecision(4));
  return value > low && value < high ? value : null;
}

/** Measurements that a search without doubts takes: both ends, the bisection, and both ends of the bracket again. */
export function expectedTrials({ from, to, precision }: SearchRange): number {
  const halvings = Math.log2(Math.log(to / from) / Math.log(1 + precision));
  return 4 + Math.max(0, Math.ceil(halvings));
}

/** Splits `2000/s` into its number and what follows it. */
export function splitQuantity(
  text: string,
): { readonly value: number; readonly unit: string } | null {
  const [, number, unit = ''] = /^\s*([0-9]+(?:\.[0-9]+)?)\s*(\D*)$/.exec(text) ?? [];
  return number === undefined ? null : { value: Number(number), unit: unit.trim() };
}
