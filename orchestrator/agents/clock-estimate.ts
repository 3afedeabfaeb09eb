/** One two-way exchange with another clock (RFC 5905, section 8), µs. */
export interface Exchange {
  /** The middle of it, by our clock. */
  readonly atUs: number;
  /** That clock less ours; wrong by at most half the round trip, if it took all its time one way. */
  readonly offsetUs: number;
  /** What it held the question for is not in it. */
  readonly rttUs: number;
}

/** Another clock less ours, as a line over our time. */
export interface ClockLine {
  readonly atUs: number;
  readonly offsetUs: number;
  /** What it gains on us in each microsecond. */
  readonly drift: number;
}

/** How far a time of another clock, read by its line, may have been wrong while the line was in use, µs. */
export interface ClockErrors {
  /** Never exceeded, whatever the network did: half a round trip is unobservable. */
  readonly boundUs: number;
  /** Three standard deviations, if the fastest exchanges took equally long both ways. */
  readonly spreadUs: number;
}

export function lineAt({ atUs, offsetUs, drift }: ClockLine, momentUs: number): number {
  return offsetUs + drift * (momentUs - atUs);
}

export const sameClock: ClockLine = { atUs: 0, offsetUs: 0, drift: 0 };

/** Exchanges that a line is laid through: those of the last 20 s, and of these the fastest 30 %. */
const memoryUs = 20e6;
const fastestShare = 0.3;
const fastestMin = 8;
/** Drift of one quartz against another before anything is known, one standard deviation. */
const usualDrift = 1e-4;
/** Resolution of reading two clocks, µs. */
const readingUs = 1;
/** No line that was laid through exchanges strays so far in a second, µs: that clock has jumped. */
const jumpUs = 2_000;

/** Learns one clock: its line from the latest exchanges, and how wrong the lines in use have been. */
export class ClockEstimate {
  #exchanges: Exchange[] = [];
  #fresh: Exchange[] = [];
  #line: ClockLine | null = null;
  /** By how much the line in use was wrong after a jump; 0 when there was none since it was laid. */
  #jumpedUs = 0;
  #now: ClockErrors = { boundUs: Number.POSITIVE_INFINITY, spreadUs: Number.POSITIVE_INFINITY };
  #worst: ClockErrors | null = null;

  /** In use since the last `refit`; offset 0 before the first. */
  get line(): ClockLine {
    return this.#line ?? sameClock;
  }

  /** The worst since `forgetErrors`. */
  get errors(): ClockErrors {
    return this.#worst ?? this.#now;
  }

  /** What went wrong so far, while little was known, no longer counts. */
  forgetErrors(): void {
    this.#worst = this.#now;
  }

  add(exchange: Exchange): void {
    const before = this.#line;
    const missUs = before === null ? 0 : exchange.offsetUs - lineAt(before, exchange.atUs);
    const atMostUs = Math.abs(missUs) + exchange.rttUs / 2;
    if (atMostUs > exchange.rttUs + jumpUs) {
      // What was learned before a jump says nothing about what comes after it.
      this.#exchanges = [];
      this.#jumpedUs = Math.max(this.#jumpedUs, atMostUs);
    }
    this.#exchanges.push(exchange);
    this.#fresh.push(exchange);
  }

  /** Lays a new line, and judges the one that it replaces by the exchanges that came since. */
  refit(nowUs: number): void {
    this.#exchanges = this.#exchanges.filter(({ atUs }) => atUs > nowUs - memoryUs);
    if (this.#fresh.length === 0 || this.#exchanges.length === 0) return;
    const { line, errorUs } = layLine(fastest(this.#exchanges));
    const judged = this.#line ?? line;
    // Between two exchanges both clocks go straight on: a line that is near at each is near in between.
    const nearestUs = Math.min(
      ...this.#fresh.map(
        ({ atUs, offsetUs, rttUs }) => Math.abs(offsetUs - lineAt(judged, atUs)) + rttUs / 2,
      ),
    );
    const boundUs = Math.max(nearestUs, this.#jumpedUs);
    const strayUs = Math.abs(lineAt(judged, nowUs) - lineAt(line, nowUs));
    this.#now = { boundUs: boundUs + readingUs, spreadUs: strayUs + 3 * errorUs(nowUs) };
    this.#worst = {
      boundUs: Math.max(this.#now.boundUs, this.#worst?.boundUs ?? 0),
      spreadUs: Math.max(this.#now.spreadUs, this.#worst?.spreadUs ?? 0),
    };
    this.#line = line;
    this.#fresh = [];
    this.#jumpedUs = 0;
  }
}

function fastest(exchanges: readonly Exchange[]): readonly Exchange[] {
  const sorted = [...exchanges].sort((a, b) => a.rttUs - b.rttUs);
  return sorted.slice(0, Math.max(fastestMin, Math.ceil(fastestShare * sorted.length)));
}

/**
 * Least squares, with the usual drift as prior knowledge: a few exchanges within a moment must not make a slope. What
 * one exchange is wrong by is taken from the time that it took longer than the fastest, half of which may lie one way.
 */
function layLine(exchanges: readonly Exchange[]): {
  readonly line: ClockLine;
  /** Standard deviation of the line at a moment, µs. */
  readonly errorUs: (momentUs: number) => number;
} {
  const n = exchanges.length;
  const mean = (of: (exchange: Exchange) => number): number =>
    exchanges.reduce((sum, exchange) => sum + of(exchange), 0) / n;
  const fastestUs = Math.min(...exchanges.map(({ rttUs }) => rttUs));
  const noise = mean(({ rttUs }) => ((rttUs - fastestUs) / 2) ** 2) + readingUs ** 2;
  const atUs = mean((exchange) => exchange.atUs);
  const offsetUs = mean((exchange) => exchange.offsetUs);
  const xx = n * mean((exchange) => (exchange.atUs - atUs) ** 2) + noise / usualDrift ** 2;
  const xy = n * mean((exchange) => (exchange.atUs - atUs) * (exchange.offsetUs - offsetUs));
  return {
    line: { atUs, offsetUs, drift: xy / xx },
    errorUs: (momentUs) => Math.sqrt(noise / n + (noise * (momentUs - atUs) ** 2) / xx),
  };
}
