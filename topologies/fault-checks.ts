import type { FaultSpec, WrittenFault } from './faults.ts';
import type { Findings } from './language/findings.ts';
import type { Path } from './language/path.ts';

/** What faults may name, and the window they fall into. */
export interface FaultScene {
  readonly sites: readonly string[];
  /** Site of each bus node: `busNodes[0]` is where bus-1 is. */
  readonly busNodes: readonly string[];
  readonly agents: readonly string[];
  /** Agents live in one process with the bus (memory). */
  readonly inProcess: boolean;
  /** Null when the window ends by a count. */
  readonly measureMs: number | null;
}

type Target = FaultSpec['target'];
type Action = FaultSpec['action'];

const onLinks: readonly Action[] = ['partition', 'degrade'];
const defaultWaitMs = 5000;

/** `faults:` with every name checked; mistaken faults are left out. */
export function resolveFaults(
  faults: readonly WrittenFault[],
  scene: FaultScene,
  findings: Findings,
): readonly FaultSpec[] {
  return faults.flatMap((fault, i): readonly FaultSpec[] => {
    const path: Path = ['faults', i];
    const { action, link } = fault;
    const start = resolveStart(fault, i, path, scene, findings);
    checkLength(fault, path, findings);
    if (action === 'degrade' && (link === undefined || isEmpty(link))) {
      findings.add([...path, 'link'], 'degrade needs link: { delay, jitter, loss, burst or rate }');
    } else if (action !== 'degrade' && link !== undefined) {
      findings.add([...path, 'link'], `${action} takes no link values; only degrade does`);
    }
    if (fault.waitMs !== undefined && fault.each === undefined) {
      findings.add([...path, 'wait'], 'wait goes with each');
    }
    if (fault.oneWay !== undefined && fault.between === undefined) {
      findings.add([...path, 'oneWay'], 'oneWay goes with between');
    }
    if (fault.optional !== undefined && fault.each === undefined) {
      findings.add([...path, 'optional'], 'optional goes with each');
    }
    const target = resolveTarget(fault, path, scene, findings);
    if (target === null || start === null) return [];
    return [
      {
        start,
        forMs: fault.forMs ?? null,
        optional: fault.optional ?? false,
        action,
        target,
        link: action === 'degrade' && link !== undefined ? link : null,
      },
    ];
  });
}

function resolveStart(
  { atMs: at, afterMs: after }: WrittenFault,
  index: number,
  path: Path,
  { measureMs }: FaultScene,
  findings: Findings,
): FaultSpec['start'] | null {
  if (at === undefined && after !== undefined) {
    if (index === 0) findings.add([...path, 'after'], 'there is no fault before it; expected at');
    return { kind: 'after', ms: after };
  }
  if (at === undefined || after !== undefined) {
    const got = at === undefined ? 'neither' : 'both';
    findings.add([...path, 'at'], `expected one of at: 3s and after: 3s; got ${got}`, path);
    return null;
  }
  if (measureMs !== null && at >= measureMs) {
    const message = `expected a time before the end of measuring (${measureMs} ms); got ${at} ms`;
    findings.add([...path, 'at'], message, ['phases', 'measure']);
  }
  return { kind: 'at', ms: at };
}

function checkLength(fault: WrittenFault, path: Path, findings: Findings): void {
  const { action } = fault;
  const lasting = onLinks.includes(action) || action === 'pause';
  if (lasting && fault.forMs === undefined) {
    findings.add([...path, 'for'], `${action} needs for: how long it lasts, such as 2s`);
  }
  if ((action === 'restart' || action === 'disconnect') && fault.forMs !== undefined) {
    findings.add([...path, 'for'], `${action} ends by itself and takes no for`);
  }
}

function resolveTarget(
  fault: WrittenFault,
  path: Path,
  scene: FaultScene,
  findings: Findings,
): Target | null {
  const given = (['between', 'node', 'each'] as const).filter((key) => fault[key] !== undefined);
  const link = onLinks.includes(fault.action);
  const wanted = link ? 'between: [a, b] or each: link' : 'node: name or each: bus-node | client';
  if (given.length !== 1) {
    const got = given.length === 0 ? 'none of them' : given.join(' and ');
    findings.add(
      [...path, given[1] ?? 'node'],
      `${fault.action} needs ${wanted}; got ${got}`,
      path,
    );
    return null;
  }
  if (fault.each !== undefined) return eachTarget(fault, fault.each, path, scene, findings);
  if (fault.node !== undefined) return nodeTarget(fault, fault.node, path, scene, findings);
  return fault.between === undefined
    ? null
    : betweenTarget(fault, fault.between, path, scene, findings);
}

function betweenTarget(
  fault: WrittenFault,
  between: NonNullable<WrittenFault['between']>,
  path: Path,
  scene: FaultScene,
  findings: Findings,
): Target | null {
  const at: Path = [...path, 'between'];
  if (!onLinks.includes(fault.action)) {
    findings.add(at, `${fault.action} acts on a node, not between sites; expected node: name`);
    return null;
  }
  const [left, right] = between.map((side) => (typeof side === 'string' ? [side] : side));
  if (left === undefined || right === undefined) return null;
  for (const [side, names] of [left, right].entries()) {
    for (const name of names) findings.known('site', name, scene.sites, [...at, side], ['sites']);
  }
  const both = left.find((name) => right.includes(name));
  if (both !== undefined) findings.add(at, `${both} is on both sides`);
  return { kind: 'between', groups: [left, right], oneWay: fault.oneWay ?? false };
}

function nodeTarget(
  fault: WrittenFault,
  name: string,
  path: Path,
  scene: FaultScene,
  findings: Findings,
): Target | null {
  const at: Path = [...path, 'node'];
  const { action } = fault;
  if (onLinks.includes(action)) {
    findings.add(at, `${action} acts between sites, not on a node; expected between: [a, b]`);
    return null;
  }
  const busNodes = scene.busNodes.map((_, i) => `bus-${i + 1}`);
  const agents = scene.inProcess ? [] : scene.agents;
  const basis: Path[] = [['sites'], ['bus'], ['servers'], ['clients'], ['workload', 'topics']];
  if (scene.inProcess) {
    findings.add(at, 'the memory bus has one process for all, which faults cannot act on', ['bus']);
    return null;
  }
  if (!findings.known('node', name, [...busNodes, ...agents], at, ...basis)) return null;
  const isAgent = agents.includes(name);
  if (isAgent && !name.startsWith('server.')) {
    if (action === 'restart') {
      findings.add(at, 'clients are the load itself: they can be paused, killed or disconnected');
    }
    if (action === 'kill' && fault.forMs !== undefined) {
      findings.add([...path, 'for'], 'clients are the load itself: killed, they stay away');
    }
  }
  if (action === 'disconnect' && !name.startsWith('client.')) {
    findings.add(at, 'disconnect cuts client connections; expected client.<site> or each: client');
  }
  return { kind: 'node', name };
}

function eachTarget(
  fault: WrittenFault,
  of: 'bus-node' | 'link' | 'client',
  path: Path,
  scene: FaultScene,
  findings: Findings,
): Target | null {
  const at: Path = [...path, 'each'];
  const { action } = fault;
  const fits = {
    'bus-node': ['kill', 'restart', 'pause'],
    link: ['partition', 'degrade'],
    client: ['disconnect'],
  } as const;
  const actions: readonly string[] = fits[of];
  if (!actions.includes(action)) {
    const other = Object.entries(fits).find(([, list]) => list.some((name) => name === action));
    findings.add(at, `${action} cannot be done to each ${of}; expected each: ${other?.[0]}`);
    return null;
  }
  const lacking = eachLacks(of, scene);
  if (lacking !== null && fault.optional !== true) {
    findings.add(at, `${lacking}; optional: true leaves it out`, ['bus'], ['sites']);
  }
  return { kind: 'each', of, waitMs: fault.waitMs ?? defaultWaitMs };
}

/** Why a bus has nothing that `each` could act on; null when it has. */
function eachLacks(of: 'bus-node' | 'link' | 'client', scene: FaultScene): string | null {
  if (of === 'client') {
    return scene.inProcess ? 'clients of the memory bus have no connections' : null;
  }
  if (of === 'bus-node') {
    return scene.busNodes.length === 0 ? 'this bus has no nodes of its own' : null;
  }
  // Without nodes the peers are the bus, and they are everywhere.
  const sites = new Set(scene.busNodes.length === 0 ? scene.sites : scene.busNodes);
  if (scene.inProcess) return 'the memory bus has no links';
  return sites.size < 2 ? 'expected bus nodes at two sites or more' : null;
}

function isEmpty(values: object): boolean {
  return Object.keys(values).length === 0;
}
