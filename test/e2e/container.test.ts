import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);
const image = `busbench-test-${process.pid}`;
const patienceMs = 900_000;
const missing = whyNoEngine();

function whyNoEngine(): string | null {
  try {
    execFileSync('docker', ['version'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return null;
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: Buffer };
    const [why = message] = (stderr?.toString() ?? '').split('\n').filter((line) => line !== '');
    return `no docker engine: ${why.slice(0, 200)}`;
  }
}

if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

describe.skipIf(missing !== null)('the image of the Dockerfile', () => {
  beforeAll(async () => {
    await run('docker', ['build', '--tag', image, '.'], { cwd: root, maxBuffer: 2 ** 26 });
  }, patienceMs);
  afterAll(async () => {
    await run('docker', ['image', 'rm', '--force', image]);
  });

  const inside = async (options: readonly string[], args: readonly string[]): Promise<string> => {
    const { stdout } = await run('docker', ['run', '--rm', ...options, image, ...args], {
      maxBuffer: 2 ** 26,
    }).catch((error: { readonly code: number; readonly stdout: string }) => {
      // Measured on a busy machine: not to be trusted, and a result all the same.
      if (error.code !== 4) throw error;
      return error;
    });
    return stdout;
  };

  it.each([
    ['its own user', []],
    ['any other', ['--user', '12345:12345']],
  ])(
    'runs quickstart as %s, without root',
    async (_, options) => {
      const who = await inside([...options, '--entrypoint', 'id'], ['-u']);
      expect(Number(who)).toBeGreaterThan(0);
      const short = ['--set', 'phases.warmup=0s', '--set', 'phases.measure=1s'];
      const args = ['run', 'quickstart', ...short, '--json', '--quiet', '-o', '/tmp/result'];
      expect(JSON.parse(await inside(options, args))).toMatchObject({
        outcome: { completed: 600, lost: 0 },
      });
    },
    patienceMs,
  );

  it(
    'has the RabbitMQ that it promises',
    async () => {
      const findings = JSON.parse(await inside([], ['check', '--json'])) as readonly object[];
      expect(findings).toContainEqual(expect.objectContaining({ what: 'bus rabbitmq', ok: true }));
    },
    patienceMs,
  );
});
