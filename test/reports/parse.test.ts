import { describe, expect, it } from 'vitest';
import { conclude } from '../../reports/conclude.ts';
import { parseResult } from '../../reports/parse.ts';
import { resultJsonSchema } from '../../reports/result.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { busWith } from '../helpers/buses.ts';
import { clientLedger, evidence, histogram, range, scenario } from './reconcile/synthetic.ts';

const full: ResolvedScenario = scenario(
  {
    body: {
      kind: 'weighted',
      file: 'sizes.csv',
      rows: [
        [100, 1],
        [200, 2],
      ],
    },
    reply: { kind: 'fixed', bytes: 10 },
    pace: {
      kind: 'open',
      ratePerSecond: 5,
      arrivals: 'poisson',
      ramp: [{ toPerSecond: 9, overMs: 1 }],
    },
  },
  {
    servers: { count: 2, placement: { paris: 2 } },
    bus: busWith('rabbitmq', { policies: { short: { definition: { 'max-length': 5 } } } }, [
      'paris',
    ]),
    faults: [
      {
        start: { kind: 'at', ms: 1 },
        forMs: null,
        optional: false,
        action: 'degrade',
        target: { kind: 'between', groups: [['paris'], ['lyon']], oneWay: true },
        link: { delayMs: 5 },
      },
      {
        start: { kind: 'after', ms: 2 },
        forMs: 3,
        optional: true,
        action: 'kill',
        target: { kind: 'each', of: 'client', waitMs: 1 },
        link: null,
      },
    ],
  },
);

const { result } = conclude(
  evidence(full, [
    {
      type: 'clientLedger',
      entries: [clientLedger({ client: 0, due: 40, completed: 40, replied: range(40) })],
    },
    histogram('response', range(40)),
    histogram('hold', range(40)),
  ]),
);

describe('parseResult', () => {
  it('reads back what conclude makes', () => {
    expect(parseResult(JSON.parse(JSON.stringify(result)))).toEqual(result);
  });

  it('takes keys that a later version may add', () => {
    expect(parseResult({ ...result, later: 1 })).toMatchObject(result);
  });

  it('names other schemas and versions', () => {
    expect(() => parseResult({ ...result, schema: 'busbench/result/7' })).toThrow(
      expect.objectContaining({
        code: 'RESULT_FOREIGN',
        hint: expect.stringContaining('version 7'),
      }),
    );
    for (const foreign of [null, 3, [], {}, { schema: 'busbench/sweep/1' }]) {
      expect(() => parseResult(foreign)).toThrow(
        expect.objectContaining({ code: 'RESULT_FOREIGN' }),
      );
    }
  });

  it('names every wrong place', () => {
    const { due: _, ...outcome } = result.outcome;
    const broken = { ...result, outcome, latencyUs: { ...result.latencyUs, hold: 3 } };
    expect(() => parseResult(broken)).toThrow(/in 2 places\noutcome\.due: .*\nlatencyUs\.hold: /);
  });
});

describe('resultJsonSchema', () => {
  it('requires every key of a result and allows more', () => {
    const schema = resultJsonSchema() as { required: string[]; additionalProperties?: unknown };
    expect([...schema.required].sort()).toEqual(Object.keys(result).sort());
    expect(schema.additionalProperties).toBeUndefined();
  });
});

describe('the words of the schema', () => {
  it('say of every leaf what it is', () => {
    const { scenario: _, ...own } = (resultJsonSchema() as unknown as Node).properties ?? {};
    const leaves = leavesOf({ properties: own }, '');
    expect(leaves.length).toBeGreaterThan(200);
    expect(leaves.filter(([, node]) => (node.description ?? '').length < 2)).toEqual([]);
  });
});

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly type?: string;
}

/** What has no named parts is a leaf: a number, a text, a map by name, a list of plain texts. */
function leavesOf(node: Node, path: string): (readonly [path: string, node: Node])[] {
  const inner = [node, ...(node.anyOf ?? []), ...(node.items ? [node.items] : [])];
  const names = inner.flatMap(({ properties }) => Object.entries(properties ?? {}));
  if (names.length > 0) return names.flatMap(([name, of]) => leavesOf(of, `${path}.${name}`));
  return [[path, node]];
}
