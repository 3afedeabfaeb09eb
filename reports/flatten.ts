import type { RunResult } from './result.ts';

/** Fields whose null stands for a missing object, text or judgement, not for a missing number. */
const notNumeric = new Set([
  'failure',
  'interSiteRatioReason',
  'withinTolerance',
  'fanout',
  'accepted',
  'requestLeg',
  'hold',
  'replyLeg',
  'fanoutFirst',
  'fanoutLast',
  'reconnect',
  'mending',
  'recovery',
  'address',
  'link',
]);

/**
 * Every numeric path of a result, `latencyUs.response.p99` or `locality.matrix[0].count`, in the order of the
 * document; null where the number is not known.
 */
export function flattenResult(result: RunResult): Record<string, number | null> {
  const flat: Record<string, number | null> = {};
  walk(result, '', '', flat);
  return flat;
}

function walk(
  value: unknown,
  path: string,
  name: string,
  into: Record<string, number | null>,
): void {
  if (typeof value === 'number' || (value === null && !notNumeric.has(name))) into[path] = value;
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(item, `${path}[${index}]`, name, into);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      walk(item, path === '' ? key : `${path}.${key}`, key, into);
    }
  }
}
