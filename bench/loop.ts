import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../reports/ranks.ts';

/** A caller that keeps a number of calls going and counts those that were answered. */
export interface Loop {
  readonly calls: () => number;
  close(): Promise<void>;
}

export interface Sample {
  readonly cpuUs: number;
  readonly perSecond: number;
}

const roundMs = 1000;

/** CPU of this process per call of a loop, once it has been warm for so long. */
export async function measure(start: () => Promise<Loop>, warmUpMs: number): Promise<Sample> {
  const loop = await start();
  await sleep(warmUpMs);
  const cpu = process.cpuUsage();
  const calls = loop.calls();
  const startMs = performance.now();
  await sleep(roundMs);
  const done = loop.calls() - calls;
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - startMs) / 1000;
  await loop.close();
  return { cpuUs: (user + system) / done, perSecond: done / seconds };
}

/** Of several rounds, each by itself. */
export function medianOf(samples: readonly Sample[]): Sample {
  return {
    cpuUs: median(samples.map(({ cpuUs }) => cpuUs)),
    perSecond: median(samples.map(({ perSecond }) => perSecond)),
  };
}

/** As cells of a table: CPU µs/call and calls/s. */
export function cellsOf({ cpuUs, perSecond }: Sample): readonly string[] {
  return [cpuUs.toFixed(1), perSecond.toFixed(0)];
}
