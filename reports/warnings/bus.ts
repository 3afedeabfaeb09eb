import { patterns } from '../../topologies/patterns.ts';
import { sum } from '../reconcile/parts.ts';
import type { RunResult } from '../result.ts';
import { unlessZero, type WarningRule } from './rule.ts';
import { inBrackets, whichOf } from './which.ts';

/** Counters of what a node still holds; read after the drain, when it must hold nothing. */
const heldCounters = ['messagesReady', 'messagesUnacknowledged', 'undelivered'];

/** Messages that all nodes hold, by their own counters; null where no node has such a counter. */
export function heldMessages(
  nodes: readonly Readonly<Record<string, number | null>>[],
): number | null {
  const held = nodes.flatMap((counters) => heldCounters.flatMap((name) => counters[name] ?? []));
  return held.length === 0 ? null : sum(held, (count) => count);
}

const busNotEmpty: WarningRule = {
  code: 'BUS_NOT_EMPTY',
  means: 'messages were left in the bus at the end',
  advice: 'A longer drain, or a slower pace, tells slow from stuck.',
  check({ result: { bus } }) {
    const left = heldMessages(bus.nodes.map(({ counters }) => counters)) ?? 0;
    const where = inBrackets(
      whichOf(bus.nodes.map(({ name, counters }) => [name, heldMessages([counters]) ?? 0])),
    );
    return unlessZero(left, `${left} messages were still in the bus after the drain${where}`);
  },
};

const droppedPresettled: WarningRule = {
  code: 'DROPPED_PRESETTLED',
  means: 'AMQP routers dropped pre-settled deliveries',
  advice: 'A receiver was slower than its senders: lower the rate, or use guarantee at-least-once.',
  check({ result: { bus } }) {
    const dropped = countOf(bus, 'droppedPresettled');
    const where = inBrackets(
      whichOf(
        bus.nodes.map(({ name, version, counters }) => [
          `${name} ${version}:`,
          counters['droppedPresettled'] ?? 0,
        ]),
      ),
    );
    return unlessZero(
      dropped,
      `the routers dropped ${dropped} pre-settled deliveries, by their own count${where}`,
    );
  },
};

/** How far the routers' own share of locally served messages may be from ours: theirs counts warm-up and probes too. */
const localShareTolerance = 0.05;

const localityDisagrees: WarningRule = {
  code: 'LOCALITY_DISAGREES',
  means: "the routers' own count of locality is not ours",
  advice: "After a failover both may be right: clients then use another site's router.",
  check({ result: { bus, locality } }) {
    const theirs = bus.details['routerLocalShare'];
    const total = sum(locality.matrix, ({ count }) => count);
    if (theirs === undefined || total === 0) return [];
    const local = locality.matrix.filter(({ client, server }) => client === server);
    const ours = sum(local, ({ count }) => count) / total;
    const value = Math.abs(ours - theirs);
    if (value <= localShareTolerance) return [];
    const abroad = whichOf(
      locality.matrix.flatMap(({ client, server, count }) =>
        client === server ? [] : [[`${client} by ${server}`, count] as const],
      ),
    );
    const message = `the routers (${routersOf(bus)}) count ${(100 * theirs).toFixed(1)} % of deliveries as local, the agents ${(100 * ours).toFixed(1)} %: by them other sites served ${abroad === '' ? 'nothing' : abroad}`;
    return [{ message, value, limit: localShareTolerance }];
  },
};

/** By the counters that the nodes of a cluster keep of it. */
const busPartitioned: WarningRule = {
  code: 'BUS_PARTITIONED',
  means: 'the cluster fell apart during the run; the message says what healed it',
  advice:
    'bus.clusterPartitionHandling decides what heals it: ignore (nothing does), pause_minority or autoheal; with Khepri (RabbitMQ 4.2) the majority goes on and the others catch up.',
  check({ result: { bus } }) {
    const having = (counter: string): readonly string[] =>
      bus.nodes.filter(({ counters }) => (counters[counter] ?? 0) > 0).map(({ name }) => name);
    const seen = having('partitionsSeen');
    const paused = having('minorityPauses');
    const restarted = having('autohealRestarts');
    const apart = having('partitionedFrom');
    if (seen.length + paused.length + apart.length === 0) return [];
    const said = [
      ...(seen.length > 0 ? [`the cluster fell apart, say ${seen.join(', ')}`] : []),
      ...(paused.length > 0 ? [`${paused.join(', ')} paused in the minority`] : []),
      ...(restarted.length > 0 ? [`autoheal restarted ${restarted.join(', ')}`] : []),
      apart.length > 0
        ? `${apart.join(', ')} still ${apart.length === 1 ? 'is' : 'are'} apart from others`
        : 'it is whole again',
    ];
    return [{ message: said.join('; '), value: seen.length, limit: 0 }];
  },
};

/** Value: the median round trip of the slowest link, ms. */
const directRepliesSlow: WarningRule = {
  code: 'DIRECT_REPLIES_SLOW',
  means:
    'calls by direct reply-to on a RabbitMQ cluster of 3.12 to 4.1, which asks all nodes before each',
  advice: 'Compare with `--set bus.reply=queue`, or run another version of RabbitMQ.',
  check({ result: { bus, scenario, wan } }) {
    const { slowReplies } = bus.declared ?? {};
    if (slowReplies === undefined || !patterns[scenario.workload.pattern].replies) return [];
    const slowestMs = Math.max(0, ...wan.links.map(({ measured }) => measured.rttP50Ms));
    return [{ message: slowReplies, value: slowestMs, limit: 0 }];
  },
};

/** What the nodes of the bus say of themselves. */
export const busRules: readonly WarningRule[] = [
  busNotEmpty,
  droppedPresettled,
  localityDisagrees,
  busPartitioned,
  directRepliesSlow,
];

/** Their programs and versions, each once. */
function routersOf({ nodes }: RunResult['bus']): string {
  return [...new Set(nodes.map(({ version }) => version))].join(', ');
}

function countOf({ nodes }: RunResult['bus'], counter: string): number {
  return sum(nodes, ({ counters }) => counters[counter] ?? 0);
}
