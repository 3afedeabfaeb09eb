import type { ClientPeer, Part, ServerPeer } from '../agents/protocol.ts';
import type { ResolvedScenario } from '../topologies/scenario.ts';
import type { FaultReport, ProcessReport, RunResult } from './result.ts';
import type { Observation } from './warnings/observed.ts';

/** Everything a run collected, before anything is computed from it. `reconcile.ts` turns it into a RunResult. */
export interface Evidence {
  readonly scenario: ResolvedScenario;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly clients: readonly ClientPeer[];
  readonly servers: readonly ServerPeer[];
  /** Agents by index; `collected` is false for one that died, in any of its lives, before it could report. */
  readonly processes: readonly {
    readonly name: string;
    readonly site: string;
    readonly role: 'client' | 'server' | 'both';
    /** Name of the operating-system process: the agent's own where it plays no other. */
    readonly playedBy: string;
    readonly collected: boolean;
  }[];
  /** Every part of every agent, with the index of the process that sent it. */
  readonly parts: readonly { readonly process: number; readonly part: Part }[];
  /** Length of the measuring window, ms; 0 when it never began. */
  readonly measuredMs: number;
  /** From `startedAt` to the start of measuring, ms. */
  readonly measuredFromMs: number;
  /** By process index. */
  readonly clocks: readonly ProcessClock[];
  readonly wan: WanEvidence;
  readonly bus: RunResult['bus'];
  /** Site of the node that serves each topic (queue leader); null where the bus has no such thing. */
  readonly topicSites?: readonly (string | null)[];
  readonly resources: readonly ProcessReport[];
  /** What the fault scheduler did; the failure counts and recovery times are still to be computed. */
  readonly faults: readonly FaultEvidence[];
  /** Warnings that only the orchestrator could see (missed barrier, steal, fabric lateness). */
  readonly warnings: readonly Observation[];
  readonly environment: RunResult['environment'];
  readonly failure: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
  } | null;
  readonly interrupted: boolean;
}

/** What a process read its times from, and how wrong the orchestrator may have been about it during the window, µs. */
export interface ProcessClock {
  /** Processes with equal numbers read one clock. */
  readonly clock: number;
  /** Never exceeded. */
  readonly boundUs: number;
  /** Three standard deviations, if the fastest exchanges took equally long both ways. */
  readonly spreadUs: number;
}

export type FaultEvidence = Pick<
  FaultReport,
  'entry' | 'action' | 'target' | 'startedAtMs' | 'endedAtMs' | 'mended'
>;

export interface WanEvidence {
  readonly fabric: string;
  /** Sentences: what this fabric cannot imitate. */
  readonly limits: readonly string[];
  /** Idle round trips of each unordered pair in both directions, before and after the run. */
  readonly before: readonly RttSample[];
  readonly after: readonly RttSample[];
  /** From site to site between the start of measuring and the end of the drain, agents' and bus nodes' traffic alike. */
  readonly traffic: readonly {
    readonly from: string;
    readonly to: string;
    readonly bytes: number;
    readonly packets: number | null;
  }[];
  /** Bytes that stayed inside a site; null where they cannot be known, with the reason. */
  readonly inSiteBytes: number | null;
  readonly inSiteReason: string | null;
  /** Why bytes between sites are not known either; null, or absent, where `traffic` has them. */
  readonly trafficReason?: string | null;
  /** The links were taken as they are wherever the scenario asks nothing of them: there is nothing to judge. */
  readonly takenAsTheyAre?: boolean;
}

/** Idle round trip `from` -> `to` -> `from`, over the path that the bus uses. */
export interface RttSample {
  readonly from: string;
  readonly to: string;
  readonly rttMinMs: number;
  readonly rttP50Ms: number;
  readonly rttP99Ms: number;
  /** Probes sent and lost (packet fabrics only); null where loss cannot be seen. */
  readonly probes: number;
  readonly lostProbes: number | null;
}
