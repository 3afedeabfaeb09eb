import { parseBroker, urlWithPath } from '../../topologies/buses/external.ts';

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
