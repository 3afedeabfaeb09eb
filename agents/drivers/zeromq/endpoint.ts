/** What the bus tells one process about itself. */
export interface ZeromqEndpoint {
  /** Where this process binds its servers. */
  readonly address: string;
  readonly choice: 'round-robin' | 'random' | 'closest';
  /** Messages queued for one peer before `send` refuses. */
  readonly highWaterMark: number;
  readonly ioThreads: number;
}

/** How one process reaches the servers. */
export interface ZeromqDirectory {
  /** The site's proxy, which takes everything; null where peers dial peers. */
  readonly proxy: Dial | null;
  readonly servers: readonly ServerEntry[];
}

export interface ServerEntry extends Dial {
  readonly server: number;
  readonly topic: number;
  readonly subscriber: number;
  /** 0 for the closest servers as seen from this process, then 1 ...; 0 for all where distance is no matter. */
  readonly distance: number;
}

export interface Dial {
  readonly address: string;
  readonly port: number;
}

/** `tcp://address:port` as libzmq wants it; port 0 is any free port. */
export function tcpUrl(dial: Dial): string {
  const host = dial.address.includes(':') ? `[${dial.address}]` : dial.address;
  return `tcp://${host}:${dial.port === 0 ? '*' : dial.port}`;
}
