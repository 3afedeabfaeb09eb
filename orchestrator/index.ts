/**
 * busbench as a library: what the command line is made of.
 *
 *     import { loadScenario, run } from 'busbench';
 *     const { scenario } = await loadScenario('quickstart', ['workload.pace.rate=200/s']);
 *     const record = await run(scenario, { ... });
 */

export { readRecord } from '../reports/read.ts';
export type { RunRecord } from '../reports/record.ts';
export type { Dist, RunResult, Warning } from '../reports/result.ts';
export { exitCode } from '../reports/verdict/verdict.ts';
export { writeRecord } from '../reports/write.ts';
export type { ResolvedScenario } from '../topologies/scenario.ts';
export { BenchError, ScenarioError } from './errors.ts';
export type { RunProgress } from './observer.ts';
export { describePlan } from './plan/describe.ts';
export { makePlan, type Plan } from './plan/plan.ts';
export { loadScenario, parseScenario, scenarioYaml } from './read/scenario.ts';
export { type RunOptions, run } from './run.ts';
export { makeDirectories } from './run-directories.ts';
