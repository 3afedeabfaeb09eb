import type { Endpoint } from './fabric.ts';

/** What an echo process can be asked, and what it answers. */
export interface EchoCalls {
  /** Echoes whatever connects to a free port of `address`, and datagrams to the same port; answers the port. */
  serve: { ask: { readonly address: string; readonly datagrams?: boolean }; answer: number };
  /** All round trips to each target, in us, in the targets' order. */
  probe: { ask: ProbeOrder; answer: readonly (readonly number[])[] };
  /** The same by datagrams, which may be lost. */
  probeDatagrams: { ask: DatagramOrder; answer: DatagramAnswer };
}

export type DatagramAnswer = readonly {
  readonly rttsUs: readonly number[];
  readonly lost: number;
}[];

export interface DatagramOrder extends Omit<ProbeOrder, 'timeoutMs'> {
  /** How long to wait for answers after the last probe; no wait once all are there. */
  readonly stragglersMs: number;
}

export interface ProbeOrder {
  readonly targets: readonly Endpoint[];
  /** Answers to wait for from each target. */
  readonly probes: number;
  /** Sent to each target first and not reported: code gets warm. */
  readonly warmUps: number;
  /** Over all targets: a path that is used less than 500 times a second shows the machine's own naps. */
  readonly probesPerSecond: number;
  readonly timeoutMs: number;
}
