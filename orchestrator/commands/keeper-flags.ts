import { resolve } from 'node:path';
import type { RunProgress } from '../observer.ts';

/** Where deploy, bench, backup and destroy meet when nobody says otherwise. */
export const defaultState: string = 'busbench-state';

/** For a keeper, whose working directory is nobody's business. */
export function toAbsolute(path: string): string {
  return resolve(path);
}

/** Progress that has only a step to tell of. */
export const quietProgress: RunProgress = {
  step: '',
  elapsedMs: 0,
  totalMs: null,
  due: 0,
  completed: 0,
  failed: 0,
  p99Us: null,
};
