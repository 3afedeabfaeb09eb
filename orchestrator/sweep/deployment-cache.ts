import { join } from 'node:path';
import type { Bus } from '../buses/bus.ts';
import { type Deployment, deployBus, makeFabric } from '../deployment.ts';
import type { Fabric, RunContext } from '../fabrics/fabric.ts';
import { ResourceStack } from '../processes/resource-stack.ts';
import { makeContext } from '../run-directories.ts';
import { busKey, fabricKey } from './order.ts';
import type { Point } from './points.ts';
import type { SweepSpec } from './spec.ts';

/** Something that stands under a key, with all that must go when it goes. */
interface Held<T> {
  readonly key: string;
  readonly value: T;
  readonly stack: ResourceStack;
}

interface HeldFabric {
  readonly fabric: Fabric;
  readonly context: RunContext;
}

/** A deployment, and where its logs are. */
export interface LoggedDeployment extends Deployment {
  readonly logs: string;
}

/** The one fabric and bus that stand between points, replaced when a point needs others. */
export class DeploymentCache implements AsyncDisposable {
  readonly #reuse: SweepSpec['reuse'];
  readonly #logs: string;
  readonly #onStep: (step: string) => void;
  #fabric: Held<HeldFabric> | null = null;
  #bus: Held<Bus> | null = null;
  #made = 0;

  /** Each deployment logs to a folder of its own below `logs`. */
  constructor(reuse: SweepSpec['reuse'], logs: string, onStep: (step: string) => void) {
    this.#reuse = reuse;
    this.#logs = logs;
    this.#onStep = onStep;
  }

  /** What this point is to be measured on: what stands, if it fits and can be emptied, or anew. */
  async for({ scenario, id }: Point, stop: AbortSignal): Promise<LoggedDeployment> {
    const ownKey = (share: boolean, key: string): string => (share ? key : `${id} ${this.#made++}`);
    const wantedFabric = ownKey(this.#reuse !== 'none', fabricKey(scenario));
    const wantedBus = ownKey(this.#reuse === 'bus', busKey(scenario));
    if (this.#fabric?.key !== wantedFabric) await this.drop();
    if (this.#bus && !(this.#bus.key === wantedBus && (await this.#emptied(this.#bus, stop)))) {
      await this.#dropBus();
    }
    const options = { onStep: this.#onStep, stop };
    this.#fabric ??= await hold(wantedFabric, async (stack) => {
      const context = stack.use(await makeContext(this.#logs));
      const own = { ...context, logs: join(this.#logs, context.runId) };
      return {
        fabric: stack.use(await makeFabric(scenario, { ...options, context: own })),
        context: own,
      };
    });
    const { fabric, context } = this.#fabric.value;
    this.#bus ??= await hold(wantedBus, async (stack) =>
      stack.use(await deployBus(scenario, fabric, { ...options, context })),
    );
    return { fabric, bus: this.#bus.value, logs: context.logs };
  }

  /** Removes everything: after a point that went wrong, nothing of it may reach the next one. */
  async drop(): Promise<void> {
    const held = this.#fabric;
    this.#fabric = null;
    try {
      await this.#dropBus();
    } finally {
      await held?.stack[Symbol.asyncDispose]();
    }
  }

  /** A bus that cannot prove itself empty does not stand any longer. */
  async #emptied({ value }: Held<Bus>, stop: AbortSignal): Promise<boolean> {
    this.#onStep('emptying the bus');
    try {
      await value.reset(AbortSignal.any([stop, AbortSignal.timeout(resetMs)]));
      return true;
    } catch {
      stop.throwIfAborted();
      return false;
    }
  }

  async #dropBus(): Promise<void> {
    const held = this.#bus;
    this.#bus = null;
    await held?.stack[Symbol.asyncDispose]();
    // The next bus must not find the data of this one.
    const left = held && this.#fabric?.value;
    if (left) await emptyHosts(left);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop();
  }
}

/** Time for a bus to prove its queues empty between points. */
const resetMs = 30_000;

async function emptyHosts({ fabric, context }: HeldFabric): Promise<void> {
  const command = ['find', '.', '-mindepth', '1', '-delete'];
  const logFile = join(context.logs, 'hosts.log');
  for (const host of fabric.hosts) {
    const cwd = host.directory;
    await host.run(command, { cwd, logFile, stdio: 'pipe', timeoutMs: resetMs });
  }
}

/** Makes something on a stack of its own; what was made before a failure is removed. */
async function hold<T>(key: string, make: (stack: ResourceStack) => Promise<T>): Promise<Held<T>> {
  const stack = new ResourceStack();
  try {
    return { key, value: await make(stack), stack };
  } catch (error) {
    await stack[Symbol.asyncDispose]().catch(() => {});
    throw error;
  }
}
