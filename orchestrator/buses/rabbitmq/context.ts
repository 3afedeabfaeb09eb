import type { RabbitmqOptions } from '../../../topologies/buses/rabbitmq.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import type { Fabric, RunContext } from '../../fabrics/fabric.ts';
import type { Host } from '../../hosts/host.ts';
import type { ResourceStack } from '../../processes/resource-stack.ts';
import type { Cluster } from './cluster.ts';
import type { Installation } from './installation.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What is being deployed, where, and what to clean up with. */
export interface DeployContext {
  readonly scenario: ResolvedScenario;
  readonly options: RabbitmqOptions;
  readonly fabric: Fabric;
  readonly run: RunContext;
  readonly stack: ResourceStack;
  readonly signal: AbortSignal;
}

/** Name, site and host of a node. */
export interface Place {
  readonly name: string;
  readonly site: string;
  readonly host: Host;
}

export interface DeployedCluster {
  readonly cluster: Cluster;
  readonly credentials: Credentials;
  readonly installation: Installation;
  /** Milliseconds spent, by step. */
  readonly details: Readonly<Record<string, number>>;
}
