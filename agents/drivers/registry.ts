import { DriverError } from '../errors.ts';
import type { Driver } from './driver.ts';
import type { DriverName } from './endpoint.ts';

const drivers: { readonly [D in DriverName]: () => Promise<Driver<D>> } = {
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
export async function loadDriver<D extends DriverName>(name: D): Promise<Driver<D>> {
  if (!Object.hasOwn(drivers, name)) {
    throw new DriverError(
      'DRIVER_UNKNOWN',
      `driver: expected ${Object.keys(drivers).join(', ')}, got '${name}'`,
      'Agents and orchestrator of one run must come from the same version of busbench.',
    );
  }
  try {
    return await drivers[name]();
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
