/** What the gateway on a bus host can be asked. */
export interface GatewayCalls {
  http: {
    ask: {
      readonly host: string;
      readonly port: number;
      readonly method: string;
      readonly path: string;
      /** `user:password`. */
      readonly auth: string;
      readonly body: string | null;
    };
    answer: { readonly status: number; readonly body: string };
  };
  /** Ports nobody listens at on any address of that host. */
  ports: { ask: { readonly count: number }; answer: readonly number[] };
  /** Which of these somebody listens at, on any address of that host. */
  taken: { ask: { readonly ports: readonly number[] }; answer: readonly number[] };
  /** Names registered with the local epmd; null when it cannot be reached. */
  epmd: { ask: { readonly port: number }; answer: readonly string[] | null };
}
