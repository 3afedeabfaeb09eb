import type { RouterOptions } from '../../../topologies/buses/router.ts';

/** One connection a router opens to another. */
export interface Connector {
  readonly to: string;
  readonly address: string;
  readonly port: number | string;
  readonly cost: number;
}

export interface RouterConfig {
  readonly name: string;
  readonly mode: 'standalone' | 'interior' | 'edge';
  readonly address: string;
  /** Ports by the role of who connects there; null where nobody will. */
  readonly ports: Readonly<Record<'normal' | 'inter-router' | 'edge', number | string | null>>;
  readonly connectors: readonly Connector[];
}

/** The configuration file of one router; qdrouterd 1.x and skrouterd 3.x read the same. */
export function routerConfig(router: RouterConfig, options: RouterOptions): string {
  const { distribution, linkCapacity, prefix, workers } = options;
  const open = { saslMechanisms: 'ANONYMOUS', authenticatePeer: 'no' };
  const sections = [
    section('router', { mode: router.mode, id: router.name, workerThreads: workers }),
  ];
  for (const role of ['normal', 'inter-router', 'edge'] as const) {
    const port = router.ports[role];
    if (port === null) continue;
    const capacity = role === 'normal' ? { linkCapacity } : {};
    const place = { name: role, host: router.address, port, role };
    sections.push(section('listener', { ...place, ...open, ...capacity }));
  }
  for (const { to, address, port, cost } of router.connectors) {
    const role = router.mode === 'edge' ? { role: 'edge' } : { role: 'inter-router', cost };
    const place = { name: `to-${to}`, host: address, port };
    sections.push(section('connector', { ...place, ...role, saslMechanisms: 'ANONYMOUS' }));
  }
  for (const service of ['rpc', 'notify']) {
    for (const [semantics, how] of [
      ['multicast', 'multicast'],
      ['unicast', 'closest'],
      ['anycast', distribution],
    ]) {
      const address = `${prefix}/${service}/${semantics}`;
      sections.push(section('address', { prefix: address, distribution: how ?? '' }));
    }
  }
  sections.push(section('log', { module: 'DEFAULT', enable: 'info+' }));
  return sections.join('');
}

function section(name: string, attributes: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(attributes).map(([key, value]) => `    ${key}: ${value}\n`);
  return `${name} {\n${lines.join('')}}\n`;
}
