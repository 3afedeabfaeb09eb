import { Alarm } from '../../../agents/alarm.ts';
import { nowUs } from '../../../agents/clock.ts';

const bucketUs = 50;
const buckets = 2_000;
/** The event loop's own lateness is sampled this often while links are used: also those that delay nothing need it. */
const heartbeatUs = 20_000;

/** How late deliveries and heartbeats were since the last `takeLateness`. */
export interface Lateness {
  readonly count: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** What a scheduler runs: something that is under way until its moment has come. */
interface Scheduled {
  /** Infinite when nothing is under way. */
  readonly nextUs: number;
  /** Delivers what is due by now, and tells how late each was, in us. */
  run(now: number, late: (us: number) => void): void;
}

/** Runs every link when its next parcel is due, by one alarm for all. */
export class LinkScheduler {
  /** Links with something under way. */
  readonly #active = new Set<Scheduled>();
  readonly #alarm: Alarm;
  readonly #lateness = new Uint32Array(buckets);
  #count = 0;
  #maxUs = 0;
  #nextUs = Number.POSITIVE_INFINITY;
  #heartbeatUs = 0;
  #running = false;
  /** Something crossed a link since the last heartbeat. */
  #used = false;
  readonly #late = (us: number): void => {
    this.#count++;
    this.#maxUs = Math.max(this.#maxUs, us);
    const bucket = Math.min(buckets - 1, Math.floor(us / bucketUs));
    this.#lateness[bucket] = (this.#lateness[bucket] ?? 0) + 1;
  };

  constructor() {
    this.#alarm = new Alarm(() => this.#run());
    this.#heartbeatUs = nowUs() + heartbeatUs;
    this.#wakeAt(this.#heartbeatUs);
  }

  /** `link` has something to do at `dueUs`. */
  expect(link: Scheduled, dueUs: number): void {
    this.#active.add(link);
    this.#wakeAt(dueUs);
  }

  /** Something crosses a link, whether or not it has to be waited for. */
  noteUse(): void {
    this.#used = true;
  }

  /** p99 to 50 us, 100 ms at most; the maximum is exact. */
  takeLateness(): Lateness {
    const rank = Math.ceil(this.#count * 0.99);
    let bucket = 0;
    for (let seen = this.#lateness[0] ?? 0; seen < rank && bucket < buckets - 1; ) {
      seen += this.#lateness[++bucket] ?? 0;
    }
    const lateness = {
      count: this.#count,
      p99Us: Math.min(this.#maxUs, (bucket + 1) * bucketUs),
      maxUs: this.#maxUs,
    };
    this.#lateness.fill(0);
    this.#count = 0;
    this.#maxUs = 0;
    return lateness;
  }

  #run(): void {
    this.#running = true;
    for (let now = nowUs(); now >= this.#nextUs; now = nowUs()) {
      if (this.#heartbeatUs <= now) {
        // An idle relay that is late is late for nothing.
        if (this.#used) this.#late(now - this.#heartbeatUs);
        this.#used = false;
        this.#heartbeatUs = now + heartbeatUs;
      }
      // A delivery may put something on a link that was looked at already: it then calls `expect` itself.
      this.#nextUs = this.#heartbeatUs;
      for (const link of this.#active) {
        link.run(now, this.#late);
        const { nextUs } = link;
        if (nextUs === Number.POSITIVE_INFINITY) this.#active.delete(link);
        else this.#wakeAt(nextUs);
      }
    }
    this.#running = false;
    this.#alarm.set(this.#nextUs);
  }

  #wakeAt(dueUs: number): void {
    if (dueUs >= this.#nextUs) return;
    this.#nextUs = dueUs;
    if (!this.#running) this.#alarm.set(dueUs);
  }
}
