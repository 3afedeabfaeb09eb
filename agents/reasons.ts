import { otherReason, type Reasons, reasonsAClass } from './protocol.ts';

const wordsMax = 200;

/** Counts failures by class and by what the bus said of them; the first 20 different reasons of a class, then `other`. */
export class ReasonCounts {
  readonly #classes = new Map<string, Map<string, { count: number }>>();

  /** True when this reason is new to its class. */
  count(outcome: string, words: string): boolean {
    // Most failures repeat one that is in its final form already.
    const same = this.#classes.get(outcome)?.get(words);
    if (same !== undefined) {
      same.count++;
      return false;
    }
    const reasons = this.#classes.get(outcome) ?? new Map<string, { count: number }>();
    this.#classes.set(outcome, reasons);
    const told = inOneLine(words);
    const isNew = !reasons.has(told) && reasons.size < reasonsAClass;
    const reason = reasons.has(told) || isNew ? told : otherReason;
    const known = reasons.get(reason);
    if (known === undefined) reasons.set(reason, { count: 1 });
    else known.count++;
    return isNew;
  }

  entries(): Reasons {
    return Object.fromEntries(
      [...this.#classes].map(([outcome, reasons]) => [
        outcome,
        Object.fromEntries([...reasons].map(([reason, { count }]) => [reason, count])),
      ]),
    );
  }
}

/** A reason as it is counted and shown: no line breaks, at most 200 characters. */
export function inOneLine(words: string): string {
  return words.replaceAll(/\s+/g, ' ').trim().slice(0, wordsMax);
}
