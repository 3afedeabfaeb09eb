import { otherReason, type Reasons, reasonsAClass } from './protocol.ts';

const wordsMax = 200;

/** Counts failures by class and by what the bus said of them; the first 20 different reasons of a class, then `other`. */
export class ReasonCounts {
  readonly #classes = new Map<string, Map<string, number>>();

  /** True when this reason is new to its class. */
  count(outcome: string, words: string): boolean {
    let reasons = this.#classes.get(outcome);
    if (reasons === undefined) {
      reasons = new Map();
      this.#classes.set(outcome, reasons);
    }
    // Most failures repeat one that is in this form already.
    const told = reasons.has(words) ? words : inOneLine(words);
    const known = reasons.get(told);
    const isNew = known === undefined && reasons.size < reasonsAClass;
    if (known !== undefined || isNew) reasons.set(told, (known ?? 0) + 1);
    else reasons.set(otherReason, (reasons.get(otherReason) ?? 0) + 1);
    return isNew;
  }

  get isEmpty(): boolean {
    return this.#classes.size === 0;
  }

  entries(): Reasons {
    return Object.fromEntries(
      [...this.#classes].map(([outcome, reasons]) => [outcome, Object.fromEntries(reasons)]),
    );
  }
}

/** A reason as it is counted and shown: no line breaks, at most 200 characters. */
export function inOneLine(words: string): string {
  return words.replaceAll(/\s+/g, ' ').trim().slice(0, wordsMax);
}
