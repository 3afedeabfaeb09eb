import { type BusType, bus, placeBus } from '../../topologies/buses/buses.ts';
import type { FabricName } from '../../topologies/scenario.ts';
import { busDeployer, busDeployers } from '../buses/registry.ts';
import { describeFailure } from '../errors.ts';
import { emulationModes } from '../fabrics/namespaces/emulation-modes.ts';
import { fabricMakers } from '../fabrics/registry.ts';
import { temporaryFolder } from '../processes/owner.ts';
import { openFileLimits } from '../processes/proc-files.ts';
import { examineHosts, type Finding, formatFinding } from './hosts.ts';
import { print } from './streams.ts';

const comfortableFiles = 20_000;

export interface CheckFlags {
  readonly json?: true;
  readonly hosts?: string;
}

/** `busbench check`: what this machine can do. */
export async function checkCommand({ json, hosts }: CheckFlags): Promise<void> {
  const findings = await (hosts === undefined ? examine() : examineHosts(hosts));
  if (json) print(`${JSON.stringify(findings, null, 2)}\n`);
  else for (const finding of findings) print(formatFinding(finding));
}

async function examine(): Promise<readonly Finding[]> {
  const fabrics = await Promise.all(keys(fabricMakers).map((name) => examineFabric(name)));
  const buses = await Promise.all(keys(busDeployers).map((type) => examineBus(type)));
  return [
    examineNode(),
    examineFiles(),
    examineTemporary(),
    ...(await examineWan()),
    ...fabrics,
    ...buses,
  ];
}

function examineNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  const hint = ok ? null : 'install Node >= 20.19';
  return { what: 'node', ok, found: process.version, hint };
}

function examineFiles(): Finding {
  const { soft, hard } = openFileLimits() ?? { soft: 'unknown', hard: 'unknown' };
  const ok = hard === 'unlimited' || Number(hard) >= comfortableFiles;
  const found = `${soft} soft, which Node raises to the hard ${hard}`;
  const hint = ok
    ? null
    : `raise nofile in /etc/security/limits.conf to ${comfortableFiles} for many clients`;
  return { what: 'open files', ok, found, hint };
}

function examineTemporary(): Finding {
  const what = 'temporary files';
  try {
    return finding(what, null, `in ${temporaryFolder()}`);
  } catch (error) {
    const { message, hint } = describeFailure(error);
    return finding(what, { missing: message, hint: hint });
  }
}

/** The four ways to a WAN on one machine, best first; `hint` leads to the next better one. */
async function examineWan(): Promise<readonly Finding[]> {
  const modes = await emulationModes();
  return modes.map(({ name, ok, reason, hint }) => ({ what: name, ok, found: reason, hint }));
}

async function examineFabric(name: FabricName): Promise<Finding> {
  const maker = await fabricMakers[name]?.();
  const lacks = maker ? await maker.available() : { missing: 'not part of this build', hint: '' };
  return finding(`fabric ${name}`, lacks, lacks ? undefined : await maker?.found?.());
}

async function examineBus(type: BusType): Promise<Finding> {
  const what = `bus ${type}`;
  try {
    const deployer = await busDeployer(type);
    const plain = placeBus(bus.parse({ type }), ['here']);
    // What cannot be left out of a scenario (the brokers of an external bus) is no part of this machine.
    if (plain.mistakes.length > 0) return finding(what, null, 'wherever a scenario says it is');
    const lacks = await deployer.available(plain.bus);
    return finding(what, lacks, lacks ? undefined : await deployer.found?.());
  } catch (error) {
    const missing = error instanceof Error ? error.message : String(error);
    return finding(what, { missing, hint: 'npm ci' });
  }
}

function finding(
  what: string,
  lacks: { readonly missing: string; readonly hint: string } | null,
  found = 'available',
): Finding {
  if (lacks === null) return { what, ok: true, found, hint: null };
  return { what, ok: false, found: lacks.missing, hint: lacks.hint };
}

function keys<K extends string>(record: Readonly<Partial<Record<K, unknown>>>): K[] {
  return Object.keys(record) as K[];
}
