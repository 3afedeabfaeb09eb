import type { Driver } from './driver.ts';
import { DriverError } from './driver-error.ts';

const drivers: Readonly<Record<string, () => Promise<Driver>>> = {
  memory: async () => (await import('./memory.ts')).memoryDriver,
};

/** Loads one driver, and with it one client library. Rejects with DRIVER_UNKNOWN or DRIVER_NOT_LOADED. */
export async function loadDriver(name: string): Promise<Driver> {
  const load = Object.hasOwn(drivers, name) ? drivers[name] : undefined;
  if (load === undefined) {
    throw new DriverError(
      'DRIVER_UNKNOWN',
      `driver: expected ${Object.keys(drivers).join(', ')}, got '${name}'`,
      'Agents and orchestrator of one run must come from the same busbench version.',
    );
  }
  try {
    return await load();
  } catch (cause) {
    throw new DriverError(
      'DRIVER_NOT_LOADED',
      `the '${name}' driver could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Run `npm install` in the busbench folder on this machine, with the node version that runs the agents; `busbench check` shows what loads.',
      { cause },
    );
  }
}
