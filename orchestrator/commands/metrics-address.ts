import { BlockList, isIP } from 'node:net';

/** Where to be asked for metrics; only ever this machine itself. */
export interface MetricsAddress {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** `:9464`, `127.0.0.2:9464` or `[::1]:9464`; null for anything else, addresses that others could reach included. */
export function parseMetricsAddress(text: string): MetricsAddress | null {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? (plain === '' || plain === 'localhost' ? '127.0.0.1' : plain);
  const port = Number(digits);
  if (host === undefined || isIP(host) === 0 || !(port <= 65_535)) return null;
  return loopback.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4') ? { host, port } : null;
}
