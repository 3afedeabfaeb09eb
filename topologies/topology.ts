/** A place where agents and bus nodes live; its hosts are one machine, namespace or address each. */
export interface Site {
  readonly name: string;
  /** Machines of the site; empty on `loopback` and `namespaces`, where the fabric makes one host a site. */
  readonly hosts: readonly MachineSpec[];
}

/** A real machine reached over ssh (`machines` fabric). */
export interface MachineSpec {
  /** What ssh dials: `host`, `user@host` or an alias of the user's ssh config. */
  readonly ssh: string;
  /** The address other sites dial; defaults to the ssh host. */
  readonly address: string | null;
}

/** What one direction of a path between two sites imposes on its traffic. */
export interface LinkShape {
  /** One-way delay in ms; the round trip of a symmetric link is twice this. */
  readonly delayMs: number;
  /** Standard deviation of the delay in ms; never reorders. */
  readonly jitterMs: number;
  /** Share of packets lost, 0 to 100. */
  readonly lossPercent: number;
  /** Mean number of packets lost in a row; absent or 1: each is lost by itself. */
  readonly lossBurst?: number;
  /** Bandwidth in Mbit/s; null is unlimited. */
  readonly rateMbps: number | null;
}

/** One direction: `from` sends, `to` receives. Every ordered pair of distinct sites has exactly one. */
export interface Link extends LinkShape {
  readonly from: string;
  readonly to: string;
}

/** Sites and the links between them, resolved: links cover every ordered pair of distinct sites. */
export interface Topology {
  readonly sites: readonly Site[];
  readonly links: readonly Link[];
}
