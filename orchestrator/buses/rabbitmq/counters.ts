/**
 * What we keep of a node's Prometheus page: our name and its name. Direct replies count as received, never as routed
 * or delivered: they pass no queue.
 */
const kept: readonly (readonly [name: string, metric: string])[] = [
  ['received', 'rabbitmq_global_messages_received_total'],
  ['routed', 'rabbitmq_global_messages_routed_total'],
  ['unroutableReturned', 'rabbitmq_global_messages_unroutable_returned_total'],
  ['confirmed', 'rabbitmq_global_messages_confirmed_total'],
  ['delivered', 'rabbitmq_global_messages_delivered_total'],
  ['redelivered', 'rabbitmq_global_messages_redelivered_total'],
  ['acknowledged', 'rabbitmq_global_messages_acknowledged_total'],
  ['connections', 'rabbitmq_connections'],
  ['channels', 'rabbitmq_channels'],
  ['consumers', 'rabbitmq_consumers'],
  ['queues', 'rabbitmq_queues'],
  ['sockets', 'rabbitmq_process_open_tcp_sockets'],
  ['socketsLimit', 'rabbitmq_process_max_tcp_sockets'],
  ['fileDescriptors', 'rabbitmq_process_open_fds'],
  ['memoryBytes', 'rabbitmq_process_resident_memory_bytes'],
  ['runQueue', 'rabbitmq_erlang_scheduler_run_queue'],
];

/**
 * Reads a Prometheus text page. Sums over labels, so that protocols and queue types add up; a metric this broker
 * version does not have is null. Distribution bytes are kept by peer: `sentToBytes.<node>`.
 */
export function readMetrics(
  page: string,
  nodeNames: ReadonlyMap<string, string>,
): Record<string, number | null> {
  const names = new Map(kept.map(([name, metric]) => [metric, name]));
  const counters: Record<string, number | null> = {};
  for (const line of page.split('\n')) {
    const [, metric = '', labels = '', text] =
      /^([a-z0-9_]+)(?:\{([^}]*)\})? (\S+)/i.exec(line) ?? [];
    const value = Number(text);
    if (text === undefined || Number.isNaN(value)) continue;
    const name = names.get(metric) ?? distributionName(metric, labels, nodeNames);
    if (name !== null) counters[name] = (counters[name] ?? 0) + value;
  }
  // A node that does not answer tells nothing at all.
  const silent = page === '' ? [] : kept.filter(([name]) => counters[name] === undefined);
  for (const [name] of silent) counters[name] = null;
  return counters;
}

/** Why counters are null, by name. */
export function whyUnknown(
  nodes: Iterable<Readonly<Record<string, number | null>>>,
  version: string,
): Readonly<Record<string, string>> {
  const all = [...nodes];
  const silent = kept.filter(([name]) => all.some((counters) => counters[name] === null));
  return Object.fromEntries(
    silent.map(([name, metric]) => [name, `RabbitMQ ${version} has no metric ${metric}`]),
  );
}

function distributionName(
  metric: string,
  labels: string,
  nodeNames: ReadonlyMap<string, string>,
): string | null {
  const prefix = {
    erlang_vm_dist_send_bytes: 'sentToBytes',
    erlang_vm_dist_recv_bytes: 'receivedFromBytes',
  }[metric];
  const peer = /peer="([^"]+)"/.exec(labels)?.[1];
  if (prefix === undefined || peer === undefined) return null;
  const node = nodeNames.get(peer);
  return node === undefined ? null : `${prefix}.${node}`;
}
