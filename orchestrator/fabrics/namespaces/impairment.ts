import type { Observation } from '../../../reports/warnings/observed.ts';
import type { LinkShape } from '../../../topologies/topology.ts';
import type { Fabric, Traffic } from '../fabric.ts';

/** What stands between the sites of a network: one of several ways to the same link model. */
export interface Impairment extends AsyncDisposable {
  readonly name: BackEnd;
  /** How it imitates what it cannot do as asked, as sentences for the report. */
  readonly limits: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly processes: Fabric['processes'];
  shape(from: string, to: string, shape: Partial<LinkShape>): Promise<void>;
  cut(from: string, to: string): Promise<void>;
  heal(from: string, to: string): Promise<void>;
  /** IP packets that got through each direction: what was lost or cut off does not count. */
  traffic(): Promise<readonly Traffic[]>;
  troubles(): Promise<readonly Observation[]>;
}

export type BackEnd = 'netem' | 'nfqueue';
