import { inOneLine } from './reasons.ts';

/** Lines of one kind before it falls silent: a log of a million equal lines tells no more. */
const linesAKind = 50;

/** What an agent says on stderr, which becomes its log: rare things only, never one for every message. */
export class AgentLog {
  readonly #write: (line: string) => void;
  readonly #lines = new Map<string, number>();

  /** `write` is given whole lines without their end. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** One line of its kind; after 50 of them it says once that more are left out. */
  say(kind: string, text: string): void {
    const count = (this.#lines.get(kind) ?? 0) + 1;
    this.#lines.set(kind, count);
    if (count > linesAKind + 1) return;
    const told = count > linesAKind ? `further lines on "${kind}" are left out` : inOneLine(text);
    this.#write(`${new Date().toISOString()} ${told}`);
  }
}
