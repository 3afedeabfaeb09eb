/**
 * busbench as a library: what the command line is made of.
 *
 *     import { loadScenario, makeDirectories, run } from 'busbench';
 *     const { scenario } = await loadScenario('quickstart', ['workload.pace.rate=200/s']);
 *     await using directories = await makeDirectories(scenario.name, 'results/mine', false);
 *     const record = await run(scenario, { context: directories, ... });
 *
 * Scenarios are loaded, planned and run; records are written, read and rendered (`renderers`), results compared
 * (`compare`, `comparison...`); sweeps are loaded, run and read, and their points reported (`sweepReports`). Everything
 * that is thrown on purpose is a `BenchError`.
 */

export { type Comparison, compare, type RegressionLimit } from '../reports/compare/compare.ts';
export {
  comparisonJson,
  comparisonMarkdown,
  comparisonText,
} from '../reports/compare/render.ts';
export { readRecord } from '../reports/read.ts';
export type { IntervalRow, PeerRecord, RunRecord } from '../reports/record.ts';
export { renderers } from '../reports/renderers/registry.ts';
export type {
  FormatName,
  Renderer,
  RenderOptions,
  TableName,
} from '../reports/renderers/renderer.ts';
export type {
  Dist,
  FaultReport,
  LinkReport,
  ProcessReport,
  RunResult,
  Times,
  Verdict,
  Warning,
} from '../reports/result.ts';
export { sweepReports } from '../reports/sweep/formats.ts';
export { readSweep } from '../reports/sweep/read.ts';
export type {
  PointEntry,
  PointStatus,
  Settings,
  Sweep,
  SweepPlan,
  SweepPoint,
} from '../reports/sweep/sweep.ts';
export { exitCode } from '../reports/verdict/verdict.ts';
export { writeRecord } from '../reports/write.ts';
export type { ResolvedScenario } from '../topologies/scenario.ts';
export { BenchError, ScenarioError, UsageError } from './errors.ts';
export type { RunContext } from './fabrics/fabric.ts';
export type { RunProgress } from './observer.ts';
export { describePlan, type PlanDescription, planText } from './plan/describe.ts';
export { makePlan, type Plan } from './plan/plan.ts';
export {
  type LoadedScenario,
  loadScenario,
  parseScenario,
  scenarioYaml,
} from './read/scenario.ts';
export { type RunOptions, run } from './run.ts';
export { makeDirectories, type RunDirectories } from './run-directories.ts';
export type { SchemaName } from './schema-names.ts';
export { jsonSchema } from './schemas.ts';
export { type LoadedSweep, loadSweep } from './sweep/load.ts';
export type { SweepProgress } from './sweep/point-runner.ts';
export { runSweep, type SweepSession, type SweepSessionOptions } from './sweep/session.ts';
export type { SweepOutcome } from './sweep/sweep.ts';
