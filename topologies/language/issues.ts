import type { z } from 'zod';
import { didYouMean } from '../near-name.ts';
import { describeValue } from './codecs.ts';
import type { Path } from './path.ts';

/** One mistake of shape: where, what, and whether the key or the value is to blame. */
export interface ShapeIssue {
  readonly path: Path;
  readonly message: string;
  readonly at: 'key' | 'value';
}

type Issue = z.core.$ZodIssue;

const words: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  tuple: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** Flattens zod's issues: one entry a mistake, unions reduced to the branch that was meant. */
export function shapeIssues(issues: readonly Issue[], base: Path = []): readonly ShapeIssue[] {
  return issues.flatMap((issue): readonly ShapeIssue[] => {
    const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? '?' : part))];
    if (issue.code === 'unrecognized_keys') {
      const messages = issue.message.split('\n');
      return issue.keys.map((key, i) => ({
        path: [...path, key],
        message: messages[i] ?? `unknown key ${JSON.stringify(key)}`,
        at: 'key',
      }));
    }
    if (issue.code === 'invalid_union') {
      const branch = meantBranch(issue.errors.flatMap(innerBranches));
      if (branch !== null) return shapeIssues(branch, path);
    }
    if (issue.code === 'invalid_key') {
      const [inner] = issue.issues;
      return [{ path, message: inner?.message ?? issue.message, at: 'key' }];
    }
    return [{ path, message: issue.message, at: 'value' }];
  });
}

/** The wording of issues that carry no message of their own; given to zod as the error map of a parse. */
export function wording(issue: z.core.$ZodRawIssue): string | undefined {
  const { input } = issue;
  switch (issue.code) {
    case 'invalid_type':
      return outOf(words[String(issue.expected)] ?? String(issue.expected), input);
    case 'invalid_value': {
      const values = issue.values.map(String);
      const near = typeof input === 'string' ? didYouMean(input, values) : '';
      const choice = values.length === 1 ? values.join() : `one of ${values.join(', ')}`;
      return `${outOf(choice, input)}${near}`;
    }
    case 'invalid_union':
      return discriminatorProblem(issue);
    case 'too_small':
      return outOf(bound('at least', Number(issue.minimum), String(issue.origin)), input);
    case 'too_big':
      return outOf(bound('at most', Number(issue.maximum), String(issue.origin)), input);
    default:
      return undefined;
  }
}

/** Of a union that one key decides: what that key may say. */
function discriminatorProblem(issue: z.core.$ZodRawIssue): string | undefined {
  const { discriminator, options, input } = issue;
  if (typeof discriminator !== 'string' || !Array.isArray(options)) return undefined;
  const given =
    typeof input === 'object' && input !== null && Object.hasOwn(input, discriminator)
      ? (input as Readonly<Record<string, unknown>>)[discriminator]
      : undefined;
  const near = typeof given === 'string' ? didYouMean(given, options.map(String)) : '';
  return `${outOf(`one of ${options.join(', ')}`, given)}${near}`;
}

function bound(word: string, limit: number, origin: string): string {
  if (origin === 'string') return `${word} ${limit} characters`;
  if (origin === 'array') return `a list of ${word} ${limit}`;
  return `${word} ${limit}`;
}

function outOf(expected: string, input: unknown): string {
  return input === undefined
    ? `is missing; expected ${expected}`
    : `expected ${expected}; got ${describeValue(input)}`;
}

/** A branch that is a union itself stands for its own branches. */
function innerBranches(branch: readonly Issue[]): readonly (readonly Issue[])[] {
  const [only] = branch;
  return branch.length === 1 && only?.code === 'invalid_union' && only.path.length === 0
    ? only.errors.flatMap(innerBranches)
    : [branch];
}

/** The branch whose kind of value fits and that has the fewest missing and unknown keys; null when undecided. */
function meantBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const viable = branches
    .filter((issues) => !issues.some((issue) => issue.path.length === 0 && isWrongKind(issue)))
    .map((issues) => ({ issues, score: strays(issues) }))
    .sort((a, b) => a.score - b.score);
  const [best, next] = viable;
  if (best === undefined) return null;
  return next === undefined || best.score < next.score ? best.issues : null;
}

function isWrongKind(issue: Issue): boolean {
  return (
    issue.code === 'invalid_type' ||
    issue.code === 'invalid_value' ||
    issue.code === 'invalid_format' ||
    issue.code === 'invalid_union'
  );
}

/** Missing and unknown keys. */
function strays(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.code === 'unrecognized_keys') return sum + issue.keys.length;
    return issue.message.startsWith('is missing') ? sum + 1 : sum;
  }, 0);
}
