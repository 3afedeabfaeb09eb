import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Fabric } from '../../orchestrator/fabrics/fabric.ts';
import { namespaces } from '../../orchestrator/fabrics/namespaces/namespaces.ts';
import type { Host } from '../../orchestrator/hosts/host.ts';
import type { Topology } from '../../topologies/topology.ts';
import { makeFabric } from '../contract/fabric.ts';

export const isRoot: boolean = process.getuid?.() === 0;

/** Why tests in network namespaces cannot run here, or null. */
export const namespacesMissing: string | null = await namespaces
  .available()
  .then((lacks) => (lacks === null ? null : `namespaces need ${lacks.missing}: ${lacks.hint}`));

/** A fabric for one test, and a way to run commands at its sites. */
export async function fabricOf(topology: Topology): Promise<{
  readonly fabric: Fabric;
  readonly hosts: readonly Host[];
  /** Output of a command at a site, by its number from 0. */
  readonly at: (site: number, ...command: string[]) => Promise<string>;
  readonly base: string;
}> {
  const { fabric, base } = await makeFabric(namespaces, topology);
  onTestFinished(async () => {
    await fabric[Symbol.asyncDispose]();
    await rm(base, { recursive: true, force: true });
  });
  const at = (site: number, ...command: string[]): Promise<string> => {
    const host = fabric.hosts[site];
    if (host === undefined) throw new RangeError(`no site ${site}`);
    return host.run(command, { stdio: 'pipe', logFile: join(base, 'at.log'), timeoutMs: 60_000 });
  };
  return { fabric, hosts: fabric.hosts, at, base };
}

export function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}
