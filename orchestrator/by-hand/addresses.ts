import { parseBroker, urlWithPath } from '../../topologies/buses/external.ts';

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

/** A broker's URL as ombt takes it, login and all: apart from each other, for only the URL may be stored. */
export interface BrokerUrl {
  readonly url: string;
  readonly login: { readonly username: string; readonly password: string } | null;
}

/** The parts of a broker's URL, or what is wrong with it; never the text itself, which may hold a password. */
export function parseBrokerUrl(text: string): BrokerUrl | string {
  const [, scheme = '', userinfo, rest = text] =
    /^(\w+:\/\/)(?:([^/?#]*)@)?(.*)$/s.exec(text) ?? [];
  const broker = parseBroker(scheme + rest);
  if (typeof broker === 'string') return broker;
  const url = urlWithPath(broker);
  if (userinfo === undefined) return { url, login: null };
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/s.exec(userinfo) ?? [];
  try {
    const [user, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
    return { url, login: { username: user, password: secret } };
  } catch {
    return 'expected %25 for a percent sign in user or password';
  }
}
