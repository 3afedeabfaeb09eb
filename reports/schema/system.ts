import { z } from 'zod';
import { counters, counts, number, text } from './leaf.ts';

const node = z.object({
  name: text('bus-1 and so on, in the order of the scenario'),
  site: text('its site'),
  version: text('as it says itself'),
  counters: counters('its own counters, by name; null: see unknown'),
});

export const busSchema = z.object({
  type: text('the type of the scenario'),
  readyMs: number('ms from its start until it was truly ready'),
  nodes: z.array(node),
  declared: z
    .record(z.string(), z.string())
    .optional()
    .describe('what it declared for this run: queues, durability, how replies travel'),
  unknown: z
    .record(z.string(), z.string())
    .optional()
    .describe('why a counter of its nodes is null, by the name of the counter'),
  details: counts(
    'where the time to readiness went, and what else the bus measured of itself, by name, ms or counts',
  ),
});

export const processReportSchema = z.object({
  role: z.enum(['bus', 'agent', 'fabric', 'orchestrator']).describe('whose process'),
  name: text('node, agent or helper'),
  agents: z
    .array(z.string())
    .optional()
    .describe('the agents that it plays, where they are several'),
  site: text('its site; empty where it belongs to none'),
  cpuSeconds: number('s of CPU time'),
  cpuPercentMean: number('% of one core'),
  rssMaxBytes: number('bytes, largest resident set'),
  socketsMax: number('most open sockets'),
});

export const resourcesSchema = z.object({ processes: z.array(processReportSchema) });

export const environmentSchema = z.object({
  node: text('version of Node'),
  os: text('distribution'),
  kernel: text('its release'),
  cpu: text('model'),
  cores: number('cores'),
  memoryBytes: number('bytes of memory'),
  versions: z.record(z.string(), z.string()).describe('of the bus, its runtime and the libraries'),
  commandLine: z.array(z.string()).describe('what was run'),
});
