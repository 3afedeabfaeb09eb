import { formatCount, formatRate } from '../../reports/format.ts';
import { alignColumns } from '../../reports/renderers/text-table.ts';
import { type BusSpec, busNotation } from '../../topologies/buses/buses.ts';
import { itemAt } from '../../topologies/item-at.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { minBodyBytes } from '../../topologies/workload.ts';
import { busDeployer } from '../buses/registry.ts';
import { fabricMakers } from '../fabrics/registry.ts';
import { type Budget, budgetOf } from './budget.ts';
import { needsOf } from './limits.ts';
import { packAgents, thisMachine } from './packs.ts';
import type { Plan } from './plan.ts';
import { paceText, phasesText, sizeText } from './text.ts';

/** What would happen, as data: the JSON of `busbench plan --json`. */
export interface PlanDescription {
  readonly schema: 'busbench/plan/1';
  readonly name: string;
  readonly scenario: ResolvedScenario;
  readonly sites: readonly {
    readonly site: string;
    readonly host: string;
    readonly address: string;
  }[];
  /** Requested round trips in ms, by position of the sites: `rttMs[from][to]`. */
  readonly rttMs: readonly (readonly number[])[];
  readonly bus: {
    readonly type: string;
    readonly nodes: readonly { readonly name: string; readonly site: string }[];
    /** Ports where known and generated configuration. */
    readonly details: readonly string[];
  };
  /** What is known before the start; empty for nothing. */
  readonly foreseen: readonly string[];
  readonly agents: readonly {
    readonly name: string;
    readonly site: string;
    readonly role: 'client' | 'server' | 'both';
    readonly clients: number;
    readonly servers: number;
    /** Name of the process, where it plays other agents, too. */
    readonly playedBy?: string;
  }[];
  readonly budget: Budget;
  /** Open files of the process that needs most of them, and how many one may have; null where that is not known. */
  readonly files: {
    readonly process: string;
    readonly needed: number;
    readonly limit: number | null;
  };
  /** What only root can give; empty for none. */
  readonly needsRoot: readonly string[];
}

/** Asks fabric and bus what they would do, without starting anything. */
export async function describePlan(plan: Plan): Promise<PlanDescription> {
  const { scenario } = plan;
  const { sites, links, bus } = scenario;
  const fabric = await fabricMakers[scenario.fabric]?.();
  const deployer = await busDeployer(bus.type);
  return {
    schema: 'busbench/plan/1',
    name: scenario.name,
    scenario,
    sites: fabric?.addresses({ sites, links }) ?? [],
    rttMs: rttMatrix(scenario),
    bus: {
      type: bus.type,
      nodes: bus.nodes.map((site, i) => ({ name: `bus-${i + 1}`, site })),
      details: await deployer.describe(scenario),
    },
    foreseen: (await deployer.foreseen?.(scenario)) ?? [],
    agents: describeAgents(plan),
    budget: budgetOf(scenario),
    files: describeFiles(plan),
    needsRoot: fabric?.needsRoot ?? [],
  };
}

function describeFiles(plan: Plan): PlanDescription['files'] {
  const machine = thisMachine();
  const [most] = needsOf(plan, machine);
  return { process: most?.name ?? '', needed: most?.files ?? 0, limit: machine.files };
}

function describeAgents(plan: Plan): PlanDescription['agents'] {
  const playedBy = new Map(
    packAgents(plan, thisMachine()).flatMap(({ name, agents }) =>
      agents.length < 2 ? [] : agents.map((agent) => [agent.name, name]),
    ),
  );
  return plan.processes.map(({ name, site, role, clients, servers }) => {
    const program = playedBy.get(name);
    return {
      name,
      site,
      role,
      clients: clients.length,
      servers: servers.length,
      ...(program !== undefined && { playedBy: program }),
    };
  });
}

/** Round trips requested between sites, in ms: there and back. */
function rttMatrix({
  sites,
  links,
}: Pick<ResolvedScenario, 'sites' | 'links'>): readonly (readonly number[])[] {
  const delays = new Map(links.map(({ from, to, delayMs }) => [`${from} ${to}`, delayMs]));
  const delay = (from: string, to: string): number => delays.get(`${from} ${to}`) ?? 0;
  return sites.map((a) => sites.map((b) => delay(a.name, b.name) + delay(b.name, a.name)));
}

/** The description as text for people, ending in a newline. */
export function planText(description: PlanDescription): string {
  const { scenario, bus } = description;
  const names = scenario.sites.map((site) => site.name);
  const lines = [
    `${description.name}: ${about(scenario)}, fabric ${scenario.fabric}`,
    '',
    'Sites',
    ...indent(
      alignColumns(
        description.sites.map(({ site, host, address }) =>
          host === site ? [site, address] : [site, address, host],
        ),
      ),
    ),
    '',
    'Round trips asked for (ms)',
    ...indent(
      alignColumns([
        ['', ...names],
        ...description.rttMs.map((row, i) => [
          itemAt(names, i),
          ...row.map((ms, j) => (i === j ? '-' : String(Number(ms.toFixed(3))))),
        ]),
      ]),
    ),
    ...indent(impairments(scenario)),
    ...(bus.type === 'none' ? [] : busAndLoadLines(description)),
    '',
    ...description.foreseen.map((sentence) => `Known beforehand: ${sentence}`),
    `Needs root: ${description.needsRoot.length === 0 ? 'no' : description.needsRoot.join('; ')}`,
  ];
  return `${lines.join('\n')}\n`;
}

function about({ bus, workload }: ResolvedScenario): string {
  return bus.type === 'none' ? 'a topology alone' : `${workload.pattern} over ${bus.type}`;
}

/** Every option of the bus, as a scenario has it; lists and maps that are empty are left out. */
function optionLines(spec: BusSpec): readonly string[] {
  const { type: _, nodes: _nodes, ...options } = busNotation(spec);
  const given = Object.entries(options).flatMap(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return text === undefined || text === '[]' || text === '{}' ? [] : [`${key} ${text}`];
  });
  return given.length === 0 ? [] : [`options: ${given.join(', ')}`];
}

function busAndLoadLines({
  scenario,
  budget,
  bus,
  agents,
  files,
}: PlanDescription): readonly string[] {
  return [
    '',
    `Bus: ${bus.type}, guarantee ${scenario.guarantee}`,
    ...indent(alignColumns(bus.nodes.map((node) => [node.name, node.site]))),
    ...indent(optionLines(scenario.bus)),
    ...indent(bus.details),
    '',
    'Agents',
    ...indent(
      alignColumns(
        agents.map((a) => [
          a.name,
          a.site,
          [peers(a.servers, 'server'), peers(a.clients, 'client')].filter(Boolean).join(', '),
          a.playedBy === undefined ? '' : `in process ${a.playedBy}`,
        ]),
      ),
    ),
    '',
    'Load',
    ...indent([...loadLines(scenario, budget), filesLine(files)]),
  ];
}

function loadLines(scenario: ResolvedScenario, budget: Budget): readonly string[] {
  const { workload, faults, expect } = scenario;
  const ledger =
    budget.ledgerBytes === null
      ? `${budget.ledgerBitsPerOperation} bits an operation (their number is up to the bus)`
      : sizeText(budget.ledgerBytes);
  const perSecond = budget.offeredPerSecond;
  return alignColumns([
    ['pace', paceText(workload.pace)],
    ['topics', String(workload.topics)],
    ['bodies', `${bodyText(workload.body)}, ${minBodyBytes} B at least: our header is in them`],
    ['phases', phasesText(scenario.phases)],
    [
      'operations',
      budget.operations === null ? 'as many as the bus takes' : formatCount(budget.operations),
    ],
    [
      'messages',
      budget.messages === null ? 'as many as the bus takes' : formatCount(budget.messages),
    ],
    ...(perSecond === null ? [] : [['offered', formatRate(perSecond)]]),
    ['ledger', ledger],
    ['faults', faults.length === 0 ? 'none' : String(faults.length)],
    ...expect.map((text) => ['expect', text]),
  ]);
}

function bodyText(body: ResolvedScenario['workload']['body']): string {
  switch (body.kind) {
    case 'fixed':
      return sizeText(body.bytes);
    case 'uniform':
      return `${sizeText(body.minBytes)} to ${sizeText(body.maxBytes)}`;
    case 'weighted':
      return `sizes of ${body.file}`;
  }
}

function filesLine({ process, needed, limit }: PlanDescription['files']): string {
  const of =
    limit === null
      ? ''
      : ` of at most ${formatCount(limit)} (ulimit -Hn; Node takes what is allowed)`;
  return `open files: ${formatCount(needed)}${of} in ${process}, which needs most`;
}

function impairments({ links }: ResolvedScenario): readonly string[] {
  return links
    .filter((link) => link.jitterMs > 0 || link.lossPercent > 0 || link.rateMbps !== null)
    .map((link) => {
      const parts = [
        link.jitterMs > 0 ? `jitter ${link.jitterMs} ms` : '',
        link.lossPercent > 0 ? `loss ${link.lossPercent} %${burstText(link.lossBurst)}` : '',
        link.rateMbps !== null ? `${link.rateMbps} Mbit/s` : '',
      ];
      return `${link.from} -> ${link.to}: ${parts.filter(Boolean).join(', ')}`;
    });
}

function burstText(lossBurst = 1): string {
  return lossBurst > 1 ? ` in bursts of ${lossBurst}` : '';
}

function peers(n: number, word: string): string {
  return n === 0 ? '' : `${formatCount(n)} ${word}${n === 1 ? '' : 's'}`;
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}
