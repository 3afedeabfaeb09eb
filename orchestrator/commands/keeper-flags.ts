import { resolve } from 'node:path';

/** Where deploy, bench, backup and destroy meet when nobody says otherwise. */
export const defaultState: string = 'busbench-state';

/** For a keeper, whose working directory is nobody's business. */
export function toAbsolute(path: string): string {
  return resolve(path);
}
