import { z } from 'zod';
import { scenarioSchema } from '../topologies/scenario.ts';
import type { distSchema, timesSchema } from './schema/dist.ts';
import { faultGroupReportSchema, faultReportSchema } from './schema/faults.ts';
import { fanoutSchema, latencySchema, toolkitSchema } from './schema/latency.ts';
import { number, text } from './schema/leaf.ts';
import { outcomeSchema, workloadSchema } from './schema/outcome.ts';
import { type linkReportSchema, localitySchema, wanSchema } from './schema/places.ts';
import {
  busSchema,
  environmentSchema,
  type processReportSchema,
  resourcesSchema,
} from './schema/system.ts';
import { verdictSchema, type warningSchema } from './schema/verdict.ts';

/**
 * What a run leaves behind as `result.json`, described here and in `schema/` alone: types, JSON Schema, the paths of
 * expectations and docs/contract.md follow. Fixed by the schema's name: add, never change. Keys it does not know are
 * ignored, as results may have more than an older reader knows.
 */
export const resultSchema = z.object({
  schema: z.literal('busbench/result/1').describe('format and version'),
  name: text("the scenario's"),
  startedAt: text('ISO 8601, UTC'),
  durationMs: number('ms, the whole run but for its teardown'),
  scenario: scenarioSchema,
  verdict: verdictSchema,
  workload: workloadSchema,
  outcome: outcomeSchema,
  latencyUs: latencySchema,
  fanout: fanoutSchema,
  locality: localitySchema,
  wan: wanSchema,
  bus: busSchema,
  resources: resourcesSchema,
  toolkit: toolkitSchema,
  faults: z.array(faultReportSchema).describe('each thing that was broken'),
  faultGroups: z
    .array(faultGroupReportSchema)
    .describe("the same by entry of the scenario's `faults`: `each: bus-node` is one row here"),
  environment: environmentSchema,
});

export type RunResult = z.infer<typeof resultSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type Warning = z.infer<typeof warningSchema>;
export type LinkReport = z.infer<typeof linkReportSchema>;
export type ProcessReport = z.infer<typeof processReportSchema>;
export type FaultReport = z.infer<typeof faultReportSchema>;
export type FaultGroupReport = z.infer<typeof faultGroupReportSchema>;
export type Times = z.infer<typeof timesSchema>;
export type Dist = z.infer<typeof distSchema>;

/** JSON Schema (draft 2020-12) of `result.json`, for `busbench schema result`. */
export function resultJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(resultSchema, { io: 'input' });
}
