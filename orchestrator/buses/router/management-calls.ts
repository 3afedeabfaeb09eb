import type { Json } from '../../../topologies/json.ts';

/** What is asked of each management entity; both kinds of router have all these attributes. */
export const attributes = {
  node: ['id', 'cost', 'nextHop', 'routerLink', 'index'],
  address: [
    'key',
    'subscriberCount',
    'remoteCount',
    'deliveriesIngress',
    'deliveriesEgress',
    'deliveriesTransit',
  ],
  link: [
    'linkType',
    'linkDir',
    'owningAddr',
    'undeliveredCount',
    'droppedPresettledCount',
    'ingressHistogram',
  ],
  connection: ['role', 'dir', 'opened', 'operStatus'],
  // The router's own counters, wherever its kind keeps them: all there are.
  totals: [],
} as const;

export type ManagementType = keyof typeof attributes;

/** One row of an answer, as the router named its attributes. */
export type RouterRow<T extends ManagementType> = T extends 'totals'
  ? { readonly [counter: string]: Json }
  : { readonly [A in (typeof attributes)[T][number]]: Json };

export interface ManagementAnswer<T extends ManagementType = ManagementType> {
  /** `qpid-dispatch-router` or `skupper-router`. */
  readonly product: string;
  readonly version: string;
  readonly rows: readonly RouterRow<T>[];
}

/** What `rhea-management-main` can be asked. */
export type ManagementCalls = {
  /** All rows of one entity of the router that listens there. */
  [T in ManagementType]: {
    ask: { readonly host: string; readonly port: number };
    answer: ManagementAnswer<T>;
  };
} & {
  /** Ports at which nobody listens on this address. */
  ports: {
    ask: { readonly address: string; readonly count: number };
    answer: readonly number[];
  };
};
