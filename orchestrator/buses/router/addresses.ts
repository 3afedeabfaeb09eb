import type { RheaAddresses } from '../../../agents/drivers/rhea/endpoint.ts';
import type { ClientPeer, ServerPeer } from '../../../agents/protocol.ts';
import { type Pattern, patterns } from '../../../topologies/patterns.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import { fillText } from '../../../topologies/templates.ts';

/** oslo.messaging's own prefix. */
export const osloPrefix = 'openstack.org/om';

/** Every address of the run contains this: oslo.messaging's exchange. */
export function exchangeOf(runId: string): string {
  return `busbench-${runId}`;
}

/** oslo.messaging's routable scheme, `prefix/service/semantics/exchange/topic[/server]`, the exchange being the run. */
export function osloAddresses(
  { workload }: { readonly workload: Pick<ResolvedScenario['workload'], 'pattern' | 'target'> },
  prefix: string,
  runId: string,
): RheaAddresses {
  const service = `${prefix}/${serviceOf(workload.pattern)}`;
  const topic = `${exchangeOf(runId)}/topic-{topic}`;
  const unicast = `${service}/unicast/${topic}/server-{server}`;
  const everyServer = patterns[workload.pattern].copies === 'server';
  const shared = `${service}/${everyServer ? 'multicast' : 'anycast'}/${topic}`;
  const receive = workload.target === 'one' ? unicast : shared;
  return { receive: [receive], send: shared, sendOne: unicast, reply: null };
}

function serviceOf(pattern: Pattern): 'rpc' | 'notify' {
  return patterns[pattern].copies === 'pool' ? 'notify' : 'rpc';
}

/** The address a client sends to. */
export function addressOfClient(addresses: RheaAddresses, { topic, server }: ClientPeer): string {
  const { send, sendOne } = addresses;
  return server === null ? fillText(send, { topic }) : fillText(sendOne ?? send, { topic, server });
}

/** The addresses a server attaches to. */
export function addressesOfServer(
  addresses: RheaAddresses,
  { topic, index: server }: ServerPeer,
): readonly string[] {
  return addresses.receive.map((template) => fillText(template, { topic, server }));
}
