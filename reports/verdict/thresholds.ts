import type { Verdict } from '../result.ts';
import { parsePath, type ResultPath, type UnitName, valuesAt } from './paths.ts';

type Operator = '<' | '<=' | '>' | '>=' | '==' | '!=';

/** One line of `expect`, checked: `path op literal`, the literal in the unit of the path. */
export interface Expectation {
  readonly expression: string;
  readonly path: ResultPath;
  readonly operator: Operator;
  readonly limit: number;
}

export type ParsedExpectation =
  | { readonly kind: 'ok'; readonly expectation: Expectation }
  | { readonly kind: 'mistake'; readonly message: string };

/** What became of an expectation, whoever had it. */
type Judged = Omit<Verdict['expectations'][number], 'implied'>;

/** `[unit, times, over]`: value in the unit of the path = n * times / over. Division keeps 10us exact in ms. */
type Unit = readonly [name: string, times: number, over: number];

const seconds: readonly Unit[] = [
  ['us', 1, 1e6],
  ['ms', 1, 1e3],
  ['s', 1, 1],
  ['m', 60, 1],
  ['h', 3600, 1],
];

const units: { readonly [name in UnitName]: readonly Unit[] } = {
  Us: seconds.map(([name, times, over]) => [name, (times * 1e6) / over, 1]),
  Ms: seconds.map(([name, times, over]) => [name, times * 1e3, over]),
  Seconds: seconds,
  Percent: [['%', 1, 1]],
  Ratio: [['%', 1, 100]],
  Bytes: [
    ['B', 1, 1],
    ['kB', 1e3, 1],
    ['mB', 1e6, 1],
    ['gB', 1e9, 1],
  ],
  PerSecond: [
    ['/s', 1, 1],
    ['/m', 1, 60],
    ['/h', 1, 3600],
  ],
  Mbps: [
    ['bit', 1, 1e6],
    ['kbit', 1, 1e3],
    ['mbit', 1, 1],
    ['gbit', 1e3, 1],
  ],
};

const shape = /^\s*(\S+?)\s*(<=|>=|==|!=|<|>)\s*(\S.*?)\s*$/;
const literalShape = /^([+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d{1,3})?) ?(%|\/?[a-zA-Z]+)?$/;

/**
 * Checks one expectation before anything runs. A literal without unit is in the unit of the path (`latency` is in µs);
 * a path that can never exist, or a unit that does not fit it, is a mistake.
 */
export function parseExpectation(text: string): ParsedExpectation {
  const [, place, operator, literal] = shape.exec(text) ?? [];
  if (place === undefined || literal === undefined || !isOperator(operator)) {
    return mistake(
      'expected `path op literal` with op < <= > >= == !=, such as "latency.response.p99 < 50ms"',
    );
  }
  const parsed = parsePath(place);
  if (parsed.kind === 'mistake') return parsed;
  const { path } = parsed;
  const limit = path.leaf === 'boolean' ? truthOf(literal, operator) : numberOf(literal, path.unit);
  if (typeof limit === 'string') return mistake(`${place}: ${limit}`);
  return { kind: 'ok', expectation: { expression: text.trim(), path, operator, limit } };
}

function mistake(message: string): ParsedExpectation {
  return { kind: 'mistake', message };
}

function isOperator(text: string | undefined): text is Operator {
  return text !== undefined && ['<', '<=', '>', '>=', '==', '!='].includes(text);
}

/** 1 or 0, or what is wrong. */
function truthOf(literal: string, operator: Operator): number | string {
  if (operator !== '==' && operator !== '!=') return `is a yes or no: compare it with == or !=`;
  if (literal === 'true') return 1;
  if (literal === 'false') return 0;
  return `expected true or false, got "${literal}"`;
}

/** In the unit of the path, or what is wrong. */
function numberOf(literal: string, unit: UnitName | null): number | string {
  const [, digits, name] = literalShape.exec(literal) ?? [];
  if (digits === undefined) return `expected a number, got "${literal}"`;
  if (name === undefined) return Number(digits);
  const known = unit === null ? [] : units[unit];
  const found = known.find(([word]) => word === name);
  if (found !== undefined) return (Number(digits) * found[1]) / found[2];
  if (unit === null) return `is a plain number, so it takes no unit; got "${literal}"`;
  return `expected a unit of ${known.map(([word]) => word).join(', ')}; got "${literal}"`;
}

/**
 * Holds one expectation against a result. [*] asks it of every item: `actual` is then the first that misses, else the
 * one nearest to the limit. A null misses, and so does [*] of an empty list: there was nothing to judge.
 */
export function evaluate(
  { expression, path, operator, limit }: Expectation,
  result: object,
): Judged {
  const values = valuesAt(path, result);
  const miss = values.find((value) => value === null || !holds(value, operator, limit));
  if (miss !== undefined) return { expression, actual: miss, met: false };
  const nearest = values.reduce<number | null>((near, value) => {
    if (near === null || value === null) return value;
    return Math.abs(value - limit) < Math.abs(near - limit) ? value : near;
  }, null);
  return { expression, actual: nearest, met: nearest !== null };
}

/** Expectations of a resolved scenario, whose parser has checked them; one that is wrong all the same misses. */
export function evaluateAll(expressions: readonly string[], result: object): Judged[] {
  return expressions.map((expression) => {
    const parsed = parseExpectation(expression);
    if (parsed.kind === 'ok') return evaluate(parsed.expectation, result);
    return { expression, actual: null, met: false };
  });
}

function holds(value: number, operator: Operator, limit: number): boolean {
  switch (operator) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    case '==':
      return value === limit;
    case '!=':
      return value !== limit;
  }
}
