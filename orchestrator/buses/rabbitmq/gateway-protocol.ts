/** What the orchestrator asks of the gateway on a bus host. */
export type GatewayRequest =
  | {
      readonly kind: 'http';
      readonly host: string;
      readonly port: number;
      readonly method: string;
      readonly path: string;
      /** `user:password`. */
      readonly auth: string;
      readonly body: string | null;
    }
  | { readonly kind: 'ports'; readonly count: number }
  | { readonly kind: 'epmd'; readonly port: number };

export interface GatewayAnswer {
  readonly status?: number;
  readonly body?: string;
  readonly ports?: readonly number[];
  readonly names?: readonly string[];
  /** The request could not be made at all. */
  readonly error?: string;
}
