/** Tokens in ascending order (modulo 2^32), first in first out, with room for one that comes back. */
export class TokenQueue {
  #tokens: number[] = [];
  #head = 0;

  get size(): number {
    return this.#tokens.length - this.#head;
  }

  first(): number | undefined {
    return this.#tokens[this.#head];
  }

  push(token: number): void {
    this.#tokens.push(token);
  }

  shift(): void {
    this.#head++;
    if (this.#head < 1024 && this.#head < this.#tokens.length) return;
    this.#tokens = this.#tokens.slice(this.#head);
    this.#head = 0;
  }

  /** Puts a token back where its age belongs. */
  insert(token: number): void {
    let at = this.#head;
    while (at < this.#tokens.length && isOlder(this.#tokens[at] ?? 0, token)) at++;
    this.#tokens.splice(at, 0, token);
  }
}

function isOlder(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
