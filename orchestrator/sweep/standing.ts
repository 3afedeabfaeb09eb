import type { ResolvedScenario } from '../../topologies/scenario.ts';
import type { Bus } from '../buses/bus.ts';
import {
  type Deployment,
  type DeployOptions,
  deployBus,
  makeFabric,
  refuseUnavailable,
} from '../deployment.ts';
import type { Fabric } from '../fabrics/fabric.ts';
import { deploymentKey, type Point } from './points.ts';
import type { SweepSpec } from './spec.ts';

interface Held<T> {
  readonly key: string;
  readonly value: T & AsyncDisposable;
}

/** The one fabric and bus that stand between points, replaced when a point needs others. */
export class Standing implements AsyncDisposable {
  readonly #reuse: SweepSpec['reuse'];
  readonly #options: DeployOptions;
  #fabric: Held<Fabric> | null = null;
  #bus: Held<Bus> | null = null;

  constructor(reuse: SweepSpec['reuse'], options: DeployOptions) {
    this.#reuse = reuse;
    this.#options = options;
  }

  /** What this point is to be measured on: what stands, if it fits, or anew. */
  async for(point: Point): Promise<Deployment> {
    const { scenario } = point;
    await refuseUnavailable(scenario);
    const fabric = await this.#fabricFor(point, scenario);
    const busKey = deploymentKey(point, this.#reuse === 'bus' ? 'bus' : 'none');
    if (this.#bus && this.#bus.key !== busKey) await this.#dropBus();
    this.#bus ??= { key: busKey, value: await deployBus(scenario, fabric, this.#options) };
    return { fabric, bus: this.#bus.value };
  }

  async #fabricFor(point: Point, scenario: ResolvedScenario): Promise<Fabric> {
    const key = deploymentKey(point, this.#reuse === 'none' ? 'none' : 'fabric');
    if (this.#fabric && this.#fabric.key !== key) await this.drop();
    this.#fabric ??= { key, value: await makeFabric(scenario, this.#options) };
    return this.#fabric.value;
  }

  /** Removes everything: after a point that went wrong, nothing of it may reach the next one. */
  async drop(): Promise<void> {
    await this.#dropBus();
    const held = this.#fabric;
    this.#fabric = null;
    await held?.value[Symbol.asyncDispose]();
  }

  async #dropBus(): Promise<void> {
    const held = this.#bus;
    this.#bus = null;
    await held?.value[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop();
  }
}
