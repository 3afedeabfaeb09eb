/** Sites have numbers from 1 in the topology's order; every fabric has a network stack of its own, so these never clash. */
export function siteAddress(site: number): string {
  return `10.99.${site}.2`;
}

/** The router's address at a site, which is the site's gateway. */
export function gatewayAddress(site: number): string {
  return `10.99.${site}.1`;
}

export function siteNetwork(site: number): string {
  return `10.99.${site}.0/24`;
}

/** The router's interface towards a site. */
export function routerInterface(site: number): string {
  return `site${site}`;
}

/** A site's interface towards the router. */
export const siteInterface = 'wan0';

/** One queue and one rule an ordered pair: beyond this the kernel searches long lists for each packet. */
export const maxSites = 64;
