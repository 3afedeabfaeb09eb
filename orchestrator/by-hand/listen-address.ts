/** Where a controller listens, or is dialled. */
export interface ListenAddress {
  readonly address: string;
  readonly port: number;
}

/** `[address:]port`, an IPv6 address in brackets; this machine alone where no address is given. Null for anything else. */
export function parseListen(text: string): ListenAddress | null {
  const [, bracketed, plain, digits] =
    /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return null;
  return { address: bracketed ?? plain ?? '127.0.0.1', port };
}
