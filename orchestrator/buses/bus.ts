import type { Directory, Endpoint } from '../../agents/drivers/endpoint.ts';
import type { Announcement, ClientPeer, ServerPeer } from '../../agents/protocol.ts';
import type { BusOf, BusType } from '../../topologies/buses/buses.ts';
import type { ScenarioWith } from '../../topologies/scenario.ts';
import type { Fabric, RunContext } from '../fabrics/fabric.ts';
import type { Host, HostProcess } from '../hosts/host.ts';
import type { Premises } from '../hosts/premises.ts';

/** An agent process as a bus sees it. */
export interface AgentProcess {
  readonly name: string;
  readonly index: number;
  readonly host: Host;
  readonly clients: readonly ClientPeer[];
  readonly servers: readonly ServerPeer[];
}

/** By name; null where this version does not tell, for the reason in `Bus.unknown`. */
export type NodeCounters = Readonly<Record<string, number | null>>;

/** A deployed system under test. */
export interface Bus extends AsyncDisposable {
  readonly type: BusType;
  readonly nodes: readonly BusNode[];
  /** From the first process start until every node served, ms; how that splits up is in `details`. */
  readonly readyMs: number;
  readonly details: Readonly<Record<string, number>>;
  /** What it declares for this run (queues, durability, how replies travel), in words, where there is such a thing. */
  readonly declared?: Readonly<Record<string, string>>;
  /** Driver name and its endpoint configuration for one agent process. Credentials are inside and never logged. */
  endpoint(process: AgentProcess): Promise<Endpoint>;
  /**
   * Once all receivers are open: how each process (by index) reaches them. Settles when the bus itself
   * can route to every receiver from everywhere (queues known, addresses spread).
   */
  directory(
    processes: readonly AgentProcess[],
    announcements: ReadonlyMap<number, readonly Announcement[]>,
    signal: AbortSignal,
  ): Promise<readonly Directory[]>;
  /** Each node's own counters now (messages ready, unacked, deliveries, run queue, file descriptors ...). */
  counters(signal: AbortSignal): Promise<ReadonlyMap<string, NodeCounters>>;
  /** Why a counter is null. */
  readonly unknown?: Readonly<Record<string, string>>;
  /**
   * Between two benches on one deployment: removes what the last one left (queues, bindings) and settles when the
   * bus is as empty as after deployment; rejects with a BusError when it cannot be made so.
   */
  reset(signal: AbortSignal): Promise<void>;
  /** Site of the node that serves a topic (queue leader), where the bus has such a thing and it is known; for `detoured`. */
  topicSite(topic: number): string | null;
}

/** One server process of the bus, `bus-1` ... in the order of the scenario. */
export interface BusNode {
  readonly name: string;
  readonly site: string;
  readonly host: Host;
  readonly version: string;
  /** Null where the bus is somebody else's. */
  readonly process: HostProcess | null;
  /** kill -9. The node stays down until `start`. */
  kill(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Stops in the bus's own orderly way. */
  stop(signal: AbortSignal): Promise<void>;
  /** Settles when the node is back in service and in the cluster. */
  start(signal: AbortSignal): Promise<void>;
}

/**
 * How a bus is deployed; one in each `buses/<type>/`, listed in `buses/registry.ts`. Its options are described in
 * `topologies/buses/<type>.ts`.
 */
export interface BusDeployer<T extends BusType = BusType> {
  readonly type: T;
  /** Combinations this bus cannot serve (pattern, guarantee, target, faults), as scenario paths and messages. */
  refuse(scenario: ScenarioWith<T>): readonly { readonly path: string; readonly message: string }[];
  /** Lines for `busbench plan`: nodes, ports where known, generated configuration. */
  describe(scenario: ScenarioWith<T>): readonly string[] | Promise<readonly string[]>;
  /** Null when a machine (this one, if none is given) can run it, else what is missing and the command that mends it. */
  available(
    spec: BusOf<T>,
    premises?: Premises,
  ): Promise<{ readonly missing: string; readonly hint: string } | null>;
  /** What the programs found here cannot serve of it, whatever else is missing; null when they can or none is found. */
  unfit?(spec: BusOf<T>): Promise<{ readonly missing: string; readonly hint: string } | null>;
  /** What is known of this scenario and the programs found here before anything starts, in sentences. */
  foreseen?(scenario: ScenarioWith<T>): Promise<readonly string[]>;
  /** Programs and versions that this machine would run, where it is available; absent when it runs none. */
  found?(): Promise<string>;
  deploy(
    scenario: ScenarioWith<T>,
    fabric: Fabric,
    run: RunContext,
    signal: AbortSignal,
  ): Promise<Bus>;
}
