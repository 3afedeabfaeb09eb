import { DriverError } from '../errors.ts';
import type { Driver } from './driver.ts';

const drivers: Readonly<Record<string, () => Promise<Driver>>> = {
  amqplib: async () => (await import('./amqplib/amqplib.ts')).amqplibDriver,
  memory: async () => (await import('./memory/memory.ts')).memoryDriver,
  rhea: async () => (await import('./rhea/rhea.ts')).rheaDriver,
  zeromq: async () => {
    // By itself first: node throws the error of a CommonJS module that fails below a dynamic import a second time,
    // where nobody can catch it.
    await import('zeromq');
    return (await import('./zeromq/zeromq.ts')).zeromqDriver;
  },
};

/** Loads one driver, and with it one client library. Rejects with DRIVER_UNKNOWN or DRIVER_NOT_LOADED. */
export async function loadDriver(name: string): Promise<Driver> {
  const load = Object.hasOwn(drivers, name) ? drivers[name] : undefined;
  if (load === undefined) {
    throw new DriverError(
      'DRIVER_UNKNOWN',
      `driver: expected ${Object.keys(drivers).join(', ')}, got '${name}'`,
      'Agents and orchestrator of one run must come from the same version of busbench.',
    );
  }
  try {
    return await load();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DriverError(
      'DRIVER_NOT_LOADED',
      `the '${name}' driver could not be loaded: ${reason}`,
      'Run `npm install` in the folder of busbench on this machine, with the version of node that runs the agents.',
      { cause },
    );
  }
}
