import type { Introduction, RheaEndpoint } from '../../../agents/drivers/rhea/endpoint.ts';

/** What `rhea-introduction-main` can be asked. */
export interface PeerCalls {
  introduce: { ask: { readonly endpoint: RheaEndpoint }; answer: Introduction };
}
