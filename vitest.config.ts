import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Two cores, real processes and timers: files run one after the other.
    fileParallelism: false,
    // A machine that stood still for a second (stolen by its hypervisor) is no failure; twice in a row is.
    retry: process.env['CI'] ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
