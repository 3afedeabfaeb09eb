import { z } from 'zod';
import type { Json, ResolvedScenario } from '../topologies/scenario.ts';
import { inStep } from './reconcile/in-step.ts';

/*
 * The resolved scenario as a result stores it. The schema of what users write, with units and defaults, is the
 * scenario parser's.
 */

const json: z.ZodType<Json> = z.json();
const sitesMap = z.record(z.string(), z.number());
const shape = {
  delayMs: z.number().meta({ description: 'one way, ms' }),
  jitterMs: z.number(),
  lossPercent: z.number(),
  lossBurst: z.number().exactOptional().meta({ description: 'mean packets lost in a row' }),
  rateMbps: z.number().nullable().meta({ description: 'null is unlimited' }),
};

const site = z.object({
  name: z.string(),
  hosts: z.array(z.object({ ssh: z.string(), address: z.string().nullable() })),
});

const pace = z.union([
  z.object({
    kind: z.literal('open'),
    ratePerSecond: z.number(),
    arrivals: z.enum(['constant', 'poisson']),
    ramp: z.array(z.object({ toPerSecond: z.number(), overMs: z.number() })),
    loadPercent: z.number().exactOptional(),
  }),
  z.object({ kind: z.literal('pause'), pauseMs: z.number() }),
  z.object({ kind: z.literal('inFlight'), inFlight: z.number() }),
]);

const body = z.union([
  z.object({ kind: z.literal('fixed'), bytes: z.number() }),
  z.object({ kind: z.literal('uniform'), minBytes: z.number(), maxBytes: z.number() }),
  z.object({
    kind: z.literal('weighted'),
    file: z.string(),
    rows: z.array(z.tuple([z.number(), z.number()])),
  }),
]);

const reply = z.union([
  z.object({ kind: z.literal('echo') }),
  z.object({ kind: z.literal('empty') }),
  z.object({ kind: z.literal('fixed'), bytes: z.number() }),
]);

const workload = z.object({
  pattern: z.enum(['call', 'cast', 'fanout', 'notify']),
  target: z.enum(['any', 'one']),
  topics: z.number(),
  pools: z.number(),
  pace,
  body,
  reply,
  hold: z.object({ meanMs: z.number(), distribution: z.enum(['constant', 'exponential']) }),
  timeoutMs: z.number(),
});

const phases = z.object({
  warmupMs: z.number(),
  measure: z.union([
    z.object({
      kind: z.literal('duration'),
      ms: z.number(),
      afterFaultsMs: z.number().exactOptional(),
    }),
    z.object({ kind: z.literal('calls'), perClient: z.number() }),
  ]),
  drainMs: z.number(),
});

const fault = z.object({
  start: z.object({ kind: z.enum(['at', 'after']), ms: z.number() }),
  forMs: z.number().nullable(),
  optional: z.boolean(),
  action: z.enum(['partition', 'degrade', 'kill', 'restart', 'pause', 'disconnect']),
  target: z.union([
    z.object({ kind: z.literal('node'), name: z.string() }),
    z.object({
      kind: z.literal('each'),
      of: z.enum(['bus-node', 'link', 'client']),
      waitMs: z.number(),
    }),
    z.object({
      kind: z.literal('between'),
      groups: z.tuple([z.array(z.string()), z.array(z.string())]),
      oneWay: z.boolean(),
    }),
  ]),
  link: z
    .object({
      delayMs: z.number().exactOptional(),
      jitterMs: z.number().exactOptional(),
      lossPercent: z.number().exactOptional(),
      lossBurst: z.number().exactOptional(),
      rateMbps: z.number().nullable().exactOptional(),
    })
    .nullable(),
});

/** Part of the schema of a result. */
export const scenarioSchema: z.ZodType<ResolvedScenario> = inStep<ResolvedScenario>()(
  z.object({
    schema: z.literal('busbench/scenario/1'),
    name: z.string(),
    seed: z.number(),
    sites: z.array(site),
    fabric: z.enum(['loopback', 'namespaces', 'machines']),
    links: z.array(z.object({ from: z.string(), to: z.string(), ...shape })),
    bus: z.object({
      type: z.enum(['zeromq', 'rabbitmq', 'router', 'external', 'memory', 'none']),
      nodes: z.array(z.string()),
      options: z.record(z.string(), json),
    }),
    guarantee: z.enum(['at-most-once', 'at-least-once']),
    servers: z.object({ count: z.number(), placement: z.union([z.literal('even'), sitesMap]) }),
    clients: z.object({
      count: z.number(),
      placement: z.union([z.literal('even'), sitesMap]),
      connections: z.enum(['own', 'shared']),
      failover: z.boolean(),
      reconnect: z.object({ minMs: z.number(), maxMs: z.number() }),
    }),
    workload,
    phases,
    faults: z.array(fault),
    expect: z.array(z.string()),
  }),
);
