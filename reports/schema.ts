import { z } from 'zod';
import { ResultInputError } from './errors.ts';
import { inStep } from './reconcile/in-step.ts';
import type { RunResult } from './result.ts';
import { scenarioSchema } from './schema-scenario.ts';

const count = z.number();
const quantity = z.number().nullable();
const counts = z.record(z.string(), z.number());

const dist = z
  .object({
    count,
    min: quantity,
    mean: quantity,
    stddev: quantity,
    p50: quantity,
    p75: quantity,
    p90: quantity,
    p95: quantity,
    p99: quantity,
    p999: quantity,
    p9999: quantity,
    max: quantity,
    hdr: z.string().meta({ description: 'HdrHistogram V2 compressed, base64' }),
    failed: count.meta({ description: 'operations that rank as infinite' }),
  })
  .meta({ description: 'µs; null when empty or when the quantile cannot be known' });

const verdict = z.object({
  status: z.enum(['ok', 'expectation-missed', 'invalid', 'failed', 'interrupted']),
  warnings: z.array(
    z.object({
      code: z.string(),
      message: z.string(),
      advice: z.string(),
      value: z.number(),
      limit: z.number(),
      invalidates: z.boolean(),
    }),
  ),
  expectations: z.array(z.object({ expression: z.string(), actual: quantity, met: z.boolean() })),
  failure: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
});

const workload = z.object({
  pattern: z.string(),
  clients: count,
  servers: count,
  topics: count,
  bodyBytes: z.number(),
  offeredPerSecond: quantity,
  achievedPerSecond: z.number(),
  measuredMs: z.number(),
  measuredFromMs: z.number(),
  startSkewUs: z.number(),
});

const outcome = z.object({
  due: count,
  sent: count,
  completed: count,
  failedTotal: count,
  failed: counts,
  delivered: count,
  expectedDeliveries: count,
  late: count,
  lost: count,
  lostReplies: count,
  duplicated: count,
  redelivered: count,
  reordered: count,
  unroutable: count,
  unknown: count,
});

const latencyUs = z.object({
  response: dist,
  service: dist,
  agentDelay: dist,
  busDelay: dist,
  accepted: dist.nullable(),
  requestLeg: dist.nullable(),
  hold: dist.nullable(),
  replyLeg: dist.nullable(),
  fanoutFirst: dist.nullable(),
  fanoutLast: dist.nullable(),
  reconnect: dist.nullable(),
  clockUncertaintyUs: z.number(),
  negativeSamples: count,
});

const locality = z.object({
  localRatio: quantity,
  localRatioMin: quantity,
  localRatioMax: quantity,
  expectedBlind: quantity,
  detoured: quantity,
  fairness: z.number(),
  matrix: z.array(
    z.object({ client: z.string(), server: z.string(), count, p50Us: quantity, p99Us: quantity }),
  ),
  excess: z.array(z.object({ site: z.string(), p50Us: quantity, p99Us: quantity })),
});

const wan = z.object({
  fabric: z.string(),
  limits: z.array(z.string()),
  links: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      requested: z.object({
        delayMs: z.number(),
        jitterMs: z.number(),
        lossPercent: z.number(),
        rateMbps: quantity,
      }),
      measured: z.object({
        rttMinMs: z.number(),
        rttP50Ms: z.number(),
        rttP99Ms: z.number(),
        lossPercent: quantity,
      }),
      withinTolerance: z.boolean().nullable(),
    }),
  ),
  traffic: z.array(
    z.object({ from: z.string(), to: z.string(), bytes: count, packets: count.nullable() }),
  ),
  interSiteBytes: count,
  totalBytes: quantity,
  interSiteRatio: quantity,
  interSiteRatioReason: z.string().nullable(),
});

const bus = z.object({
  type: z.string(),
  readyMs: z.number(),
  nodes: z.array(
    z.object({ name: z.string(), site: z.string(), version: z.string(), counters: counts }),
  ),
  details: counts,
});

const resources = z.object({
  processes: z.array(
    z.object({
      role: z.enum(['bus', 'agent', 'fabric', 'orchestrator']),
      name: z.string(),
      site: z.string(),
      cpuSeconds: z.number(),
      cpuPercentMean: z.number(),
      rssMaxBytes: count,
      socketsMax: count,
    }),
  ),
});

const times = z.object({ count, p50Ms: z.number(), maxMs: z.number() }).nullable();

const faults = z.array(
  z.object({
    action: z.string(),
    target: z.string(),
    startedAtMs: z.number(),
    endedAtMs: z.number(),
    failedDuring: counts,
    firstFailureMs: quantity,
    firstSuccessAfterMs: quantity,
    recoveredMs: quantity,
    entry: count,
    mended: z.boolean(),
    lost: count,
    duplicated: count,
    reconnect: times,
  }),
);

const faultGroups = z.array(
  z.object({
    entry: count,
    action: z.string(),
    target: z.string(),
    count,
    startedAtMs: z.number(),
    endedAtMs: z.number(),
    failed: counts,
    lost: count,
    duplicated: count,
    mending: times,
    recovery: times,
    reconnect: times,
  }),
);

const environment = z.object({
  node: z.string(),
  os: z.string(),
  kernel: z.string(),
  cpu: z.string(),
  cores: count,
  memoryBytes: count,
  versions: z.record(z.string(), z.string()),
  commandLine: z.array(z.string()),
});

/** The schema of `result.json`. Keys it does not know are ignored, as results may have more than an older reader knows. */
const resultSchema: z.ZodType<RunResult> = inStep<RunResult>()(
  z.object({
    schema: z.literal('busbench/result/1'),
    name: z.string(),
    startedAt: z.string(),
    durationMs: z.number(),
    scenario: scenarioSchema,
    verdict,
    workload,
    outcome,
    latencyUs,
    fanout: z.object({ coverageMin: z.number(), coverageMean: z.number() }).nullable(),
    locality,
    wan,
    bus,
    resources,
    toolkit: z.object({ agentCpuUsPerOperation: z.number(), eventLoopDelayUs: dist }),
    faults,
    faultGroups,
    environment,
  }),
);

/** JSON Schema (draft 2020-12) of `result.json`, for `busbench schema result`. */
export function resultJsonSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(resultSchema, { io: 'input' });
}

/**
 * A parsed `result.json` as a RunResult. Throws ResultInputError: RESULT_FOREIGN for another schema or version,
 * RESULT_MALFORMED naming every wrong path otherwise.
 */
export function parseResult(json: unknown): RunResult {
  const schema = typeof json === 'object' && json !== null && 'schema' in json ? json.schema : null;
  if (schema !== 'busbench/result/1') throw foreign(schema);
  const parsed = resultSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const shown = places.slice(0, 10).join('\n');
  throw new ResultInputError(
    'RESULT_MALFORMED',
    `not a busbench/result/1 in ${places.length} places\n${shown}${places.length > 10 ? '\n...' : ''}`,
    'It was edited, or cut short; measure again, or fetch it again from where it was made.',
  );
}

function foreign(schema: unknown): ResultInputError {
  const version =
    typeof schema === 'string' ? /^busbench\/result\/(\d+)$/.exec(schema)?.[1] : undefined;
  return new ResultInputError(
    'RESULT_FOREIGN',
    `expected schema "busbench/result/1", got ${schema === null ? 'none' : JSON.stringify(schema)}`,
    version === undefined
      ? 'Give a result.json that `busbench run` wrote.'
      : `It was written by another version of busbench, whose results have version ${version}; read it with that one.`,
  );
}
