// Our own: libraries that emulate links want root, containers or one system; none measures what it imposed.
import type { RttSample } from '../../reports/evidence.ts';
import type { Observation } from '../../reports/warnings/observed.ts';
import type { FabricName } from '../../topologies/scenario.ts';
import type { LinkShape, Topology } from '../../topologies/topology.ts';
import type { Host, HostProcess } from '../hosts/host.ts';

/** Where to dial. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** From site to site. */
export interface Direction {
  readonly from: string;
  readonly to: string;
}

/**
 * Turns sites into Hosts and puts the WAN between them. Control traffic (stdio of processes) never crosses it.
 * All methods may be called concurrently; changes to one link are applied in call order.
 */
export interface Fabric extends AsyncDisposable {
  readonly name: FabricName;
  /** Sentences for the report: what this fabric cannot imitate. */
  readonly limits: readonly string[];
  /** Versions and settings worth recording (back end, congestion control ...). */
  readonly environment: Readonly<Record<string, string>>;
  /** Every host, in the order of the topology's sites. */
  readonly hosts: readonly Host[];
  /** The fabric's own processes, for resource accounting. */
  readonly processes: readonly {
    readonly name: string;
    readonly process: HostProcess;
    readonly host: Host;
  }[];
  /**
   * The address that `from` dials to reach `port` on `to` across the imposed link (the host's own address when
   * both are at one site). Settles when the path is usable; the same arguments give the same answer.
   */
  route(from: Host, to: Host, port: number): Promise<Endpoint>;
  /** Gives up a route, so that its target may use the port number again. Unknown routes are ignored. */
  unroute(from: Host, to: Host, port: number): Promise<void>;
  /** Changes one direction; absent values stay. Takes effect on traffic that enters from then on. */
  shape(from: string, to: string, shape: Partial<LinkShape>): Promise<void>;
  /** Nothing passes in this direction until `heal`: TCP sees silence, not a reset. */
  cut(from: string, to: string): Promise<void>;
  heal(from: string, to: string): Promise<void>;
  /** False where links are as they are and nobody can send probes over them; `measure` then finds nothing. */
  readonly measures?: false;
  /**
   * Idle round trips of every ordered pair of sites, or of these alone, at least `probes` each, measured end to end and
   * not derived from settings.
   */
  measure(
    probes: number,
    signal: AbortSignal,
    directions?: readonly Direction[],
  ): Promise<readonly RttSample[]>;
  /** Cumulative since the fabric was made, per ordered pair; in-site (from = to) where it can be counted. */
  traffic(): Promise<readonly Traffic[]>;
  /** Why in-site bytes are unknown here; null where `traffic` has them. */
  readonly inSiteReason: string | null;
  /** Why no bytes are known at all; null, or absent, where `traffic` has those between sites. */
  readonly trafficReason?: string | null;
  /** Links that nothing was asked of are whatever the network is; elsewhere they are perfect. */
  readonly takesLinksAsTheyAre?: boolean;
  /** What went wrong inside since the last call: lateness, drops. Empty when all was well. */
  troubles(): Promise<readonly Observation[]>;
}

export interface Traffic {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  /** As the network passed them on, segments of one send as one; null where there are no packets. */
  readonly packets: number | null;
}

/** How a fabric is chosen and made; one in each `fabrics/<name>.ts`, listed in `fabrics/registry.ts`. */
export interface FabricMaker {
  readonly name: FabricName;
  /** Mistakes in the topology that this fabric cannot serve ("loss on a relay"), as scenario paths and messages. */
  refuse(topology: Topology): readonly { readonly path: string; readonly message: string }[];
  /** Its hosts are other machines: what a bus needs is looked for there, once they answer. */
  readonly elsewhere?: true;
  /** Why links cannot be cut or changed while they carry a run; absent where they can. */
  readonly fixedLinks?: string;
  /** Sites to addresses, for the plan, without starting anything. */
  addresses(
    topology: Topology,
  ): readonly { readonly site: string; readonly host: string; readonly address: string }[];
  /** What it needs that only root can give; empty for none. */
  readonly needsRoot: readonly string[];
  /** Null when this machine can run it, else what is missing and the command that mends it. */
  available(): Promise<{ readonly missing: string; readonly hint: string } | null>;
  /** The means it would use on this machine, where it is available; absent when there is one only. */
  found?(): Promise<string>;
  make(topology: Topology, run: RunContext, signal: AbortSignal): Promise<Fabric>;
}

/** What every resource of a run is named after and where it may write. */
export interface RunContext {
  /** Short, unique, file- and identifier-safe: all that we make on a machine carries it. */
  readonly runId: string;
  /** Private scratch directory of the run, removed at the end. */
  readonly scratch: string;
  /** Directory for logs, kept with the result. */
  readonly logs: string;
  /** Seed of losses and jitter; 1 when absent. */
  readonly seed?: number;
}
