import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Alarm } from '../../agents/alarm.ts';
import { nowUs } from '../../agents/clock.ts';

function alarmed(onWake: () => void): Alarm {
  const alarm = new Alarm(onWake);
  onTestFinished(() => alarm.close());
  return alarm;
}

test('rings once for each due time, in order and never early', async () => {
  const lateUs: number[] = [];
  let dueUs = nowUs() + 50_000;
  await new Promise<void>((resolve) => {
    const alarm = alarmed(() => {
      lateUs.push(nowUs() - dueUs);
      if (lateUs.length === 200) return resolve();
      dueUs += 500;
      alarm.set(dueUs);
    });
    alarm.set(dueUs);
  });
  expect(Math.min(...lateUs)).toBeGreaterThanOrEqual(0);
  // A bound that a machine under load keeps, and a clock in the wrong unit does not.
  expect(Math.min(...lateUs)).toBeLessThan(50_000);
});

test('a later set replaces an earlier one, in both directions', async () => {
  const rings: number[] = [];
  const alarm = alarmed(() => rings.push(nowUs()));
  alarm.set(nowUs() + 250_000);
  await sleep(10);
  alarm.set(nowUs() + 60_000_000);
  await sleep(400);
  expect(rings).toHaveLength(0);
  const dueUs = nowUs() + 50_000;
  alarm.set(dueUs);
  await vi.waitFor(() => expect(rings).toHaveLength(1), { timeout: 10_000 });
  expect(rings[0]).toBeGreaterThanOrEqual(dueUs);
});

test('a past due time rings at once, also when it is set again', async () => {
  let rings = 0;
  const pastUs = nowUs() - 1_000;
  await new Promise<void>((resolve) => {
    const alarm = alarmed(() => {
      rings++;
      if (rings === 3) return resolve();
      alarm.set(pastUs);
    });
    alarm.set(pastUs);
  });
  expect(rings).toBe(3);
});

test('Infinity disarms, and so does close', async () => {
  let rings = 0;
  const disarmed = alarmed(() => rings++);
  disarmed.set(nowUs() + 50_000);
  disarmed.set(Number.POSITIVE_INFINITY);
  const closed = alarmed(() => rings++);
  closed.set(nowUs() + 50_000);
  closed.close();
  await sleep(150);
  expect(rings).toBe(0);
});

test('many changes within a moment ring once', async () => {
  let rings = 0;
  const alarm = alarmed(() => rings++);
  for (let i = 0; i < 1_000; i++) alarm.set(nowUs() + 1_000 + i);
  await vi.waitFor(() => expect(rings).toBe(1), { timeout: 10_000 });
  await sleep(150);
  expect(rings).toBe(1);
});

test('an armed alarm does not keep the process alive', async () => {
  const alarmFile = fileURLToPath(new URL('../../dist/agents/alarm.js', import.meta.url));
  const program = `import { Alarm } from ${JSON.stringify(alarmFile)};
    new Alarm(() => {}).set(Number.MAX_SAFE_INTEGER);`;
  const args = ['--input-type=module', '-e', program];
  await promisify(execFile)(process.execPath, args, { timeout: 10_000 });
});
