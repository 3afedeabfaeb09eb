import { z } from 'zod';
import type { Json, ResolvedScenario } from '../../../topologies/scenario.ts';
import { pathText } from '../../scenario/path.ts';
import { list, quantityType, shape, whole } from '../../scenario/schema-parts.ts';
import { shapeIssues, wording } from '../../scenario/shape-issues.ts';
import { duration } from '../../scenario/units.ts';

/** A policy as the management API takes it. */
export type Policy = {
  readonly pattern: string;
  readonly applyTo: 'all' | 'queues' | 'exchanges';
  readonly priority: number;
  readonly definition: { readonly [key: string]: Json };
};

/** `bus:` of a scenario whose type is rabbitmq, with every default filled in. */
export interface RabbitmqOptions {
  readonly queues: 'classic' | 'mirrored' | 'quorum' | 'stream';
  /** Site whose node leads every queue; null spreads topics over the nodes and leaves a server's own queues with it. */
  readonly leader: string | null;
  /** Durable queues and persistent messages; null follows the guarantee (at-least-once persists). */
  readonly persistence: boolean | null;
  readonly prefetch: number;
  readonly reply: 'direct' | 'queue';
  readonly heartbeatMs: number;
  readonly protocol: '0-9-1' | '1.0';
  readonly clusterPartitionHandling: 'ignore' | 'pause_minority' | 'autoheal';
  /** Lines for rabbitmq.conf, after ours. */
  readonly config: readonly string[];
  readonly policies: { readonly [name: string]: Policy };
  readonly plugins: readonly string[];
}

const policy = shape({
  pattern: z.string().min(1).default('.*'),
  applyTo: z.enum(['all', 'queues', 'exchanges']).default('queues'),
  priority: whole(0, 1000, 'Higher wins').default(0),
  definition: z.record(z.string(), z.json()),
});

const busOptions = shape({
  type: z.literal('rabbitmq'),
  nodes: list(z.string()).min(1).max(64).optional(),
  queues: z.enum(['classic', 'mirrored', 'quorum', 'stream']).default('classic'),
  leader: z.string().optional(),
  persistence: z.boolean().optional(),
  prefetch: whole(0, 65_535, 'Unsettled messages a server may hold; 0 is unlimited').default(100),
  reply: z.enum(['direct', 'queue']).default('direct'),
  heartbeat: quantityType(duration, 'Heartbeat of client connections; 0s for none').default(10_000),
  protocol: z
    .union([z.literal('0-9-1'), z.literal('1.0'), z.literal(1)], {
      error: 'expected 0-9-1 or 1.0',
    })
    .default('0-9-1'),
  clusterPartitionHandling: z.enum(['ignore', 'pause_minority', 'autoheal']).default('ignore'),
  config: z.array(z.string().regex(/^[a-z0-9_.]+ = .*$/, 'expected `key = value`')).default([]),
  policies: z.record(z.string().min(1), policy).default({}),
  plugins: z.array(z.string().regex(/^[a-z0-9_]+$/, 'expected the name of a plugin')).default([]),
});

/** Reads `bus:`; nodes default to one a site. */
export function parseRabbitmq(
  raw: Readonly<Record<string, unknown>>,
  sites: readonly string[],
):
  | { readonly nodes: readonly string[]; readonly options: RabbitmqOptions }
  | { readonly mistakes: readonly { readonly path: string; readonly message: string }[] } {
  const parsed = busOptions.safeParse(raw, { error: wording });
  if (!parsed.success) {
    const issues = shapeIssues(parsed.error.issues);
    return { mistakes: issues.map(({ path, message }) => ({ path: pathText(path), message })) };
  }
  const { type: _, nodes, leader, persistence, heartbeat, protocol, ...rest } = parsed.data;
  const placed = nodes?.filter((site) => site !== undefined) ?? sites;
  if (leader !== undefined && !placed.includes(leader)) {
    const message = `no bus node at ${leader}; expected one of ${[...new Set(placed)].join(', ')}`;
    return { mistakes: [{ path: 'leader', message }] };
  }
  const mistakes = protocol === '0-9-1' ? [] : amqp1Mistakes(rest.prefetch, heartbeat);
  if (mistakes.length > 0) return { mistakes };
  const options: RabbitmqOptions = {
    ...rest,
    leader: leader ?? null,
    persistence: persistence ?? null,
    heartbeatMs: heartbeat,
    protocol: protocol === 1 ? '1.0' : protocol,
  };
  return { nodes: placed, options };
}

/** What both protocols have an option for and AMQP 1.0 no word. */
export function amqp1Mistakes(
  prefetch: number,
  heartbeatMs: number,
): readonly { readonly path: string; readonly message: string }[] {
  const unlimited = 'AMQP 1.0 has no unlimited credit: expected 1 or more';
  return [
    ...(prefetch === 0 ? [{ path: 'prefetch', message: unlimited }] : []),
    ...(heartbeatMs < 1_000
      ? [{ path: 'heartbeat', message: 'expected 1s or more over AMQP 1.0' }]
      : []),
  ];
}

/** The options as a scenario writes them, so that they can be read again. */
export function notationOf(options: RabbitmqOptions): { readonly [key: string]: Json } {
  const { leader, persistence, heartbeatMs, policies, ...rest } = options;
  return {
    ...rest,
    ...(leader !== null && { leader }),
    ...(persistence !== null && { persistence }),
    heartbeat: duration.format(heartbeatMs),
    policies: Object.fromEntries(Object.entries(policies).map(([name, p]) => [name, { ...p }])),
  };
}

/** The options of a scenario whose bus was parsed. */
export function optionsOf({ bus }: ResolvedScenario): RabbitmqOptions {
  const parsed = parseRabbitmq({ type: bus.type, nodes: bus.nodes, ...bus.options }, bus.nodes);
  if ('options' in parsed) return parsed.options;
  throw new Error(`a resolved bus was refused: ${JSON.stringify(parsed.mistakes)}`);
}
