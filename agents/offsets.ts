/** One process's clock less each process's, by process index: lines over its own time. */
export interface OffsetLines {
  /** Where the lines are anchored, µs of the receiving process's own clock. */
  readonly atUs: number;
  readonly offsetUs: readonly number[];
  /** What each grows in a microsecond: two quartz clocks differ by up to some 0.0002. */
  readonly drift: readonly number[];
}

/** How this process reads times of others. Lines are replaced as the orchestrator learns better ones. */
export class Offsets {
  #lines: OffsetLines | null = null;

  /** False until the first lines came: then no time of another process can be read. */
  get known(): boolean {
    return this.#lines !== null;
  }

  set(lines: OffsetLines): void {
    this.#lines = lines;
  }

  /** This clock less that of a process, µs, at a moment of this clock; 0 for a process nobody knows. */
  from(process: number, atUs: number): number {
    const lines = this.#lines;
    if (lines === null) return 0;
    return (lines.offsetUs[process] ?? 0) + (lines.drift[process] ?? 0) * (atUs - lines.atUs);
  }
}
