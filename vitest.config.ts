import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { defineConfig } from 'vitest/config';

/** What makes a test depend on the machine it runs on: processes, sockets, timers, or a part of ours that has them. */
const real = new RegExp(
  [
    '^node:(child_process|net|tls|http|dgram|worker_threads|timers/promises)$',
    '^agents/(agent|alarm|loop)\\.ts$',
    '^orchestrator/(run|processes/waiting)\\.ts$',
    '^orchestrator/(buses/.*/(bus|deploy)|hosts/.*|fabrics/[^/]*|fabrics/.*/(loopback|namespaces))\\.ts$',
  ].join('|'),
);

/** Paths and packages that a file of `test/` imports, itself or through other files of `test/`. */
function reached(file: string, seen: Set<string>): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!/^test\/.*\.ts$/.test(file)) return seen;
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  for (const [, specifier = ''] of text.matchAll(/^(?:import|export)\s[^;]*?from '([^']+)'/gm)) {
    const own = specifier.startsWith('.');
    reached(own ? normalize(join(file, '..', specifier)) : specifier, seen);
  }
  return seen;
}

const tests = readdirSync(join(import.meta.dirname, 'test'), { recursive: true })
  .map((name) => `test/${String(name)}`)
  .filter((name) => name.endsWith('.test.ts'));
const isReal = (file: string): boolean =>
  [...reached(file, new Set())].some((name) => real.test(name));

/** Of the real ones, those that judge numbers of a machine, or take all of it: one after the other, nothing beside them. */
const alone =
  /^test\/(agents\/[^/]+|e2e\/(independent|packed|quickstart|rabbitmq|router|tc5)|orchestrator\/(agents\/.+|fabrics\/(?!namespaces\/crash).+)|orchestrator\/(run|sampler))\.test\.ts$/;

/** A machine that stood still for a second (stolen by its hypervisor) is no failure; twice in a row is, and is printed. */
const patient = { retry: 1 };

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: tests.filter((file) => !isReal(file)),
          maxWorkers: '100%',
          // Ends what hangs; a property test on a machine with ten other things to do takes minutes, and is no failure.
          testTimeout: 300_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: tests.filter((file) => isReal(file) && !alone.test(file)),
          ...patient,
          // They wait for processes and sockets most of the time, so a few at a time cost each other little.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: tests.filter((file) => isReal(file) && alone.test(file)),
          ...patient,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
