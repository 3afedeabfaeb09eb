import type { ClientPeer, ServerPeer } from '../../../agents/protocol.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';

/** Address templates as the rhea driver fills them in: `{topic}` and `{server}` stay for it. */
export interface RunAddresses {
  readonly receive: readonly string[];
  readonly send: string;
  readonly sendOne: string;
  /** Every address of the run contains this. */
  readonly exchange: string;
}

/** oslo.messaging's routable scheme, `prefix/service/semantics/exchange/topic[/server]`, the exchange being the run. */
export function runAddresses(
  scenario: Pick<ResolvedScenario, 'workload'>,
  prefix: string,
  runId: string,
): RunAddresses {
  const { pattern, target } = scenario.workload;
  const service = `${prefix}/${pattern === 'notify' ? 'notify' : 'rpc'}`;
  const exchange = `busbench-${runId}`;
  const topic = `${exchange}/topic-{topic}`;
  const unicast = `${service}/unicast/${topic}/server-{server}`;
  const shared = `${service}/${pattern === 'fanout' ? 'multicast' : 'anycast'}/${topic}`;
  const receive = target === 'one' ? unicast : shared;
  return { receive: [receive], send: shared, sendOne: unicast, exchange };
}

/** The address a client sends to. */
export function addressOfClient(addresses: RunAddresses, client: ClientPeer): string {
  const template = client.server === null ? addresses.send : addresses.sendOne;
  return fill(template, client.topic, client.server);
}

/** The addresses a server attaches to. */
export function addressesOfServer(addresses: RunAddresses, server: ServerPeer): readonly string[] {
  return addresses.receive.map((template) => fill(template, server.topic, server.index));
}

function fill(template: string, topic: number, server: number | null): string {
  return template.replace('{topic}', String(topic)).replace('{server}', String(server));
}
