import { describe, expect, it } from 'vitest';
import type { Part } from '../../../agents/protocol.ts';
import { conclude } from '../../../reports/conclude.ts';
import type { Evidence } from '../../../reports/evidence.ts';
import type { RunResult, Warning } from '../../../reports/result.ts';
import { type Observation, observations } from '../../../reports/warnings/observed.ts';
import { warningRules } from '../../../reports/warnings/warnings.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import { busWith } from '../../helpers/buses.ts';
import {
  agent,
  client,
  clientLedger,
  clocks,
  collected,
  evidence,
  histogram,
  range,
  rtt,
  scenario,
  serverLedger,
  without,
} from '../reconcile/synthetic.ts';

/** One warning: what it says where it should, and the nearest case in which nobody should be alarmed. */
interface Case {
  readonly fires: Evidence;
  /** Which one it is about, in its message. */
  readonly says: string | RegExp;
  readonly silent: Evidence;
}

const due = 2000;

interface Odd {
  readonly failed?: number;
  readonly lost?: number;
  readonly of?: ResolvedScenario;
  readonly doneInWindow?: number;
}

/** Calls of 5 ms by two clients, in paris and lyon, all served in paris; `failed` of lyon's fail. */
function calls(
  parts: readonly Part[] = [],
  more: Partial<Evidence> = {},
  { failed = 0, lost = 0, of = scenario(), doneInWindow = due - failed }: Odd = {},
): Evidence {
  const half = due / 2;
  const replied = range(half - failed);
  const delivered = range(half - lost);
  const entries = [
    clientLedger({ client: 0, due: half, replied: range(half), completed: half }),
    clientLedger({
      client: 1,
      due: half,
      replied,
      completed: half - failed,
      failed: failed === 0 ? {} : { timeout: failed },
    }),
  ];
  const servers = [
    serverLedger({ client: 0, delivered: range(half), local: half }),
    serverLedger({ client: 1, clientSite: 1, delivered }),
  ];
  const timed = (site: number, count: number): Part[] =>
    (['response', 'service'] as const).map((kind) =>
      histogram(kind, Array(count).fill(5000), site, 0),
    );
  return evidence(
    of,
    [
      { type: 'clientLedger', entries },
      { type: 'serverLedger', entries: servers },
      ...timed(0, half),
      ...timed(1, half - failed),
      collected('client.paris', { doneInWindow }),
      ...parts,
    ],
    { clients: [client(0), client(1, { site: 1 })], ...more },
  );
}

const busy = { cpuUs: 9_500_000, rssMaxBytes: 0, gcUs: 0, sockets: 0 };

const delayed = (site: number, delayUs: number): Part =>
  histogram('agentDelay', Array(due).fill(delayUs), site, null);

/** Parts of the second process, client.lyon. */
function ofLyon(whole: Evidence, ...parts: readonly Part[]): Evidence {
  return { ...whole, parts: [...whole.parts, ...parts.map((part) => ({ process: 1, part }))] };
}

function wan(medianMs: number): Partial<Evidence> {
  const samples = [rtt('paris', 'lyon', medianMs)];
  return { wan: { ...evidence(scenario(), []).wan, before: samples, after: samples } };
}

function nodes(
  counters: readonly Record<string, number>[],
  more: Partial<RunResult['bus']> = {},
): Partial<Evidence> {
  const list = counters.map((own, i) => ({
    name: `bus-${i + 1}`,
    site: 'paris',
    version: 'skrouterd 3.5.1',
    counters: own,
  }));
  return { bus: { type: 'router', readyMs: 1, nodes: list, details: {}, ...more } };
}

const casts = scenario({ pattern: 'cast' });
const oneCast = [
  histogram('requestLeg', Array(20).fill(1000), 1, 0),
  collected('client.paris', { doneInWindow: 0 }),
];
const unsure = (spreadUs: number): Partial<Evidence> => ({
  clients: [client(0), client(1, { site: 1 })],
  clocks: clocks({ 'client.lyon': { spreadUs, boundUs: spreadUs } }),
});

/** A hundred casts, of which the cast before the last was delivered twice at one place, or is lost. */
function cast(entry: Partial<Parameters<typeof serverLedger>[0]>): Evidence {
  const delivered = range(100);
  return evidence(casts, [
    { type: 'clientLedger', entries: [clientLedger({ client: 0, due: 100 })] },
    { type: 'serverLedger', entries: [serverLedger({ client: 0, delivered, ...entry })] },
  ]);
}

const cases: Readonly<Record<string, Case>> = {
  LEDGER_UNBALANCED: {
    fires: evidence(scenario(), [
      { type: 'clientLedger', entries: [clientLedger({ client: 0, due: 9, completed: 8 })] },
    ]),
    says: 'client.paris/0',
    silent: calls(),
  },
  SAMPLES_UNBALANCED: {
    fires: calls([histogram('response', [1, 2, 3])]),
    says: '3 fewer timed operations',
    // What a process that died had recorded is missing, and so are its operations.
    silent: without(calls([histogram('response', [1, 2, 3])]), 'server.lyon'),
  },
  NOTHING_MEASURED: {
    fires: evidence(scenario(), []),
    says: 'no operation became due',
    silent: evidence(scenario({}, { bus: busWith('none', {}, ['paris']) }), []),
  },
  FEW_SAMPLES: { fires: cast({}), says: '100 operations', silent: calls() },
  AGENT_LATE: {
    fires: calls([delayed(0, 100), delayed(1, 20_000)]),
    says: /clients at lyon \(p99 20/,
    silent: calls([delayed(0, 100), delayed(1, 900)]),
  },
  EVENT_LOOP_SLOW: {
    fires: ofLyon(calls(), histogram('eventLoopDelay', Array(due).fill(30_000), null, null)),
    says: 'client.lyon',
    silent: ofLyon(calls(), histogram('eventLoopDelay', Array(due).fill(19_000), null, null)),
  },
  AGENT_SATURATED: {
    fires: ofLyon(calls(), collected('client.lyon', { vitals: busy })),
    says: 'client.lyon used 95 %',
    silent: ofLyon(calls([], { measuredMs: 5 }), collected('client.lyon', { vitals: busy })),
  },
  DRIVER_DETOUR: {
    fires: calls([collected('client.lyon', { detour: 'rhea has no session' })]),
    says: '1 agents (client.lyon)',
    silent: calls(),
  },
  START_SKEW: {
    fires: calls([collected('client.lyon', { startLatenessUs: 30_000 })]),
    says: 'client.lyon last',
    // Servers have no pace to begin.
    silent: calls([collected('server.lyon', { startLatenessUs: 30_000 })]),
  },
  NEGATIVE_SAMPLES: {
    fires: calls([histogram('requestLeg', [-5, 10], 1, 0)]),
    says: 'requestLeg lyon>paris 1',
    silent: calls([histogram('requestLeg', [0, 10], 1, 0)]),
  },
  CLOCK_UNCERTAIN: {
    fires: { ...evidence(casts, oneCast, { ...unsure(500), processes: serversFirst() }) },
    says: 'from lyon to paris',
    silent: evidence(casts, oneCast, { ...unsure(50), processes: serversFirst() }),
  },
  WAN_OUT_OF_TOLERANCE: {
    fires: calls([], wan(22)),
    says: 'paris -> lyon: round trip of 22.00 ms',
    silent: calls([], wan(20.9)),
  },
  MANY_FAILED: {
    fires: calls([], {}, { failed: 40 }),
    says: '(clients at lyon 40)',
    silent: calls([], {}, { failed: 20 }),
  },
  LOST: {
    fires: cast({ delivered: range(99) }),
    says: '1 messages were sent, not refused, and delivered nowhere (clients at paris 1)',
    // Late is not lost.
    silent: cast({ inTime: range(99) }),
  },
  LOST_REPLIES: {
    fires: calls([], {}, { failed: 4 }),
    says: '4 calls were delivered but no reply came back by the end of the drain (clients at lyon 4)',
    // The requests themselves were lost.
    silent: calls([], {}, { failed: 4, lost: 4 }),
  },
  DUPLICATED: {
    fires: { ...cast({ duplicated: 2 }), ...nodes([{}, {}]) },
    says: '(sent by clients at paris 2; received at client.paris 2); the bus: router skrouterd 3.5.1',
    // A further attempt that was the first to arrive repeats nothing.
    silent: cast({ redelivered: 2 }),
  },
  UNKNOWN: {
    fires: without(cast({ delivered: range(90) }), 'server.paris'),
    says: 'only server.paris, which died, knew it',
    silent: without(cast({}), 'server.paris'),
  },
  BELOW_OFFERED: {
    fires: calls([delayed(0, 3_700_000)], {}, { of: paced(200), doneInWindow: 900 }),
    says: '3700 ms on average the agents, which are ours, took them late',
    // As many as became due, if fewer than offered: chance, not the bus.
    silent: calls([], {}, { of: paced(300) }),
  },
  BUS_NOT_EMPTY: {
    fires: calls(
      [],
      nodes([{ messagesReady: 0 }, { messagesReady: 2, messagesUnacknowledged: 1 }]),
    ),
    says: '3 messages were still in the bus after the drain (bus-2 3)',
    silent: calls([], nodes([{ messagesReady: 0, delivered: 9 }])),
  },
  DROPPED_PRESETTLED: {
    fires: calls([], nodes([{ droppedPresettled: 7 }, { droppedPresettled: 0 }])),
    says: '(bus-1 skrouterd 3.5.1: 7)',
    silent: calls([], nodes([{ droppedPresettled: 0 }])),
  },
  LOCALITY_DISAGREES: {
    fires: calls([], nodes([{}], { details: { routerLocalShare: 0.9 } })),
    says: 'the routers (skrouterd 3.5.1) count 90.0 % of deliveries as local, the agents 50.0 %: by them other sites served lyon by paris 1000',
    silent: calls([], nodes([{}], { details: { routerLocalShare: 0.52 } })),
  },
  BUS_PARTITIONED: {
    fires: calls([], nodes([{ partitionsSeen: 0 }, { partitionsSeen: 1 }])),
    says: 'bus-2',
    silent: calls([], nodes([{ partitionsSeen: 0, minorityPauses: 0 }])),
  },
  DIRECT_REPLIES_SLOW: {
    fires: calls([], nodes([], { declared: { slowReplies: 'every node is asked' } })),
    says: 'every node is asked',
    // One-way messages have no replies that could be slow.
    silent: { ...cast({}), ...nodes([], { declared: { slowReplies: 'every node is asked' } }) },
  },
};

/** A pace of 2000 operations in the 10 s of the window, and more or less of it offered. */
function paced(ratePerSecond: number) {
  return scenario({ pace: { kind: 'open', ratePerSecond, arrivals: 'poisson', ramp: [] } });
}

/** Parts are of process 0, and one-way messages are timed by servers. */
function serversFirst(): Evidence['processes'] {
  return [agent('server', 'paris'), agent('client', 'lyon')];
}

function given(code: string, of: Evidence): Warning[] {
  return conclude(of).result.verdict.warnings.filter((warning) => warning.code === code);
}

describe('a warning', () => {
  it('has a case here, or is an observation of the orchestrator', () => {
    const known = [...Object.keys(cases), ...Object.keys(observations)].sort();
    expect(known).toEqual(warningRules.map(({ code }) => code).sort());
  });

  it.each(Object.entries(cases))('%s is given once, and says which', (code, { fires, says }) => {
    const [warning, ...others] = given(code, fires);
    expect(warning?.message).toMatch(says);
    expect(warning?.advice).not.toBe('');
    expect(others).toEqual([]);
  });

  it.each(Object.entries(cases))(
    '%s is not given in the nearest harmless case',
    (code, { silent }) => {
      expect(given(code, silent)).toEqual([]);
    },
  );

  it.each(Object.keys(observations) as Observation['code'][])(
    '%s is given when the orchestrator saw it, in its words, and not without',
    (code) => {
      const seen = { code, message: 'at lyon', value: 2, limit: 1, invalidates: true };
      const of = calls([], { warnings: [seen] });
      const { advice } = observations[code];
      expect(given(code, of)).toMatchObject([{ message: 'at lyon', advice, invalidates: true }]);
      expect(given(code, calls())).toEqual([]);
    },
  );
});
