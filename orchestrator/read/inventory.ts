import { access, constants, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ExecaError, execa } from 'execa';
import { namesOfRange } from '../../topologies/language/ranges.ts';
import { parseSshArguments } from './ssh-arguments.ts';
import { BeyondStatic, type Inventory, parseInventory } from './static-inventory.ts';

/** A scenario with the hosts of its inventory at its sites, or what is wrong with it; notes are for the user to see. */
export interface WithInventory {
  readonly value: unknown;
  readonly problem: string | null;
  readonly notes: readonly string[];
}

/** As the scenario language has it; null is left out. */
interface HostNotation {
  readonly ssh: string;
  readonly address?: string;
  readonly node?: string;
  readonly options?: readonly string[];
}

const listMs = 60_000;
const install = 'apt-get install ansible-core';

/**
 * Groups of an Ansible inventory are sites: where `inventory` names a file, every site of the list gets the hosts of the
 * group of its name.
 */
export async function withInventory(
  document: unknown,
  scenarioFile: string,
): Promise<WithInventory> {
  if (!isMap(document) || typeof document['inventory'] !== 'string') {
    return { value: document, problem: null, notes: [] };
  }
  const { inventory: file, ...rest } = document;
  const failed = (problem: string): WithInventory => ({ value: rest, problem, notes: [] });
  const { sites } = rest;
  if (!Array.isArray(sites) || !sites.every((site) => typeof site === 'string')) {
    return failed('expected sites to be a list of names, each that of a group of the inventory');
  }
  try {
    const path = resolve(dirname(scenarioFile), file);
    const inventory = await readInventory(path);
    const notes = new Set<string>();
    const names = sites.flatMap((text) => namesOfRange(text) ?? [text]);
    const placed = placeHosts(names, inventory, notes);
    return { value: { ...rest, sites: placed }, problem: null, notes: [...notes] };
  } catch (error) {
    return failed(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function placeHosts(
  sites: readonly string[],
  { groups, variables }: Inventory,
  notes: Set<string>,
): Readonly<Record<string, { readonly hosts: readonly HostNotation[] }>> {
  const taken = new Map<string, string>();
  const placed = sites.map((site) => {
    const hosts = [...(groups.get(site) ?? [])];
    if (hosts.length === 0) {
      const known = [...groups.keys()].filter((name) => !['all', 'ungrouped'].includes(name));
      throw new Error(`no group ${site} with hosts in it; it has ${known.join(', ') || 'none'}`);
    }
    for (const host of hosts) {
      const other = taken.get(host);
      if (other !== undefined && other !== site) {
        throw new Error(`${host} is in ${other} and in ${site}; expected one site a host`);
      }
      taken.set(host, site);
    }
    return [
      site,
      { hosts: hosts.map((host) => notationOf(host, variables.get(host) ?? {}, notes)) },
    ];
  });
  return Object.fromEntries(placed);
}

function notationOf(
  name: string,
  variables: Readonly<Record<string, string>>,
  notes: Set<string>,
): HostNotation {
  const raw = Object.entries(variables).find(
    ([key, value]) => /^(ansible|busbench)_/.test(key) && /\{\{|\{%/.test(value),
  );
  if (raw !== undefined) {
    throw new Error(`${name}: ${raw[0]} is a template (${raw[1]}); expected a plain value`);
  }
  const connection = variables['ansible_connection'] ?? 'ssh';
  if (!['ssh', 'smart', 'ansible.builtin.ssh'].includes(connection)) {
    throw new Error(`${name}: expected ansible_connection ssh, got ${connection}`);
  }
  const host = variables['ansible_host'] ?? name;
  const user = variables['ansible_user'] ?? variables['ansible_ssh_user'];
  const port = variables['ansible_port'] ?? variables['ansible_ssh_port'];
  const key = variables['ansible_ssh_private_key_file'] ?? variables['ansible_private_key_file'];
  const given = [variables['ansible_ssh_common_args'], variables['ansible_ssh_extra_args']];
  const parsed = parseSshArguments(given.filter((text) => text !== undefined).join(' '));
  if (parsed.unknown.length > 0) {
    throw new Error(`${name}: cannot use the ssh arguments ${parsed.unknown.join(' ')}`);
  }
  if (parsed.dropped.length > 0) {
    notes.add(
      `${parsed.dropped.join(', ')} of the inventory was left out: host keys are checked. For machines whose keys nobody has seen yet, on a network that you trust: ssh-keyscan ${host} >> ~/.ssh/known_hosts`,
    );
  }
  const options = [
    ...(port === undefined ? [] : [`Port=${port}`]),
    ...(key === undefined ? [] : [`IdentityFile=${key}`]),
    ...parsed.options,
  ];
  const address = variables['busbench_address'];
  const node = variables['busbench_node'];
  return {
    ssh: user === undefined ? host : `${user}@${host}`,
    ...(address === undefined ? {} : { address }),
    ...(node === undefined ? {} : { node }),
    ...(options.length === 0 ? {} : { options }),
  };
}

/** By ansible-inventory where it is installed, which knows all of it; else what stands in the file itself. */
async function readInventory(path: string): Promise<Inventory> {
  await access(path, constants.R_OK);
  const listed = await listByAnsible(path);
  if (listed !== null) return fromListing(listed);
  const beyond = await beyondOneFile(path);
  if (beyond !== null) throw new Error(`${beyond}; only Ansible can read it: ${install}`);
  try {
    return parseInventory(await readFile(path, 'utf8'), /\.(ya?ml|json)$/.test(path));
  } catch (error) {
    if (!(error instanceof BeyondStatic)) throw error;
    throw new Error(`${error.message}; if Ansible can read it: ${install}`);
  }
}

async function beyondOneFile(path: string): Promise<string | null> {
  const found = await stat(path);
  if (found.isDirectory()) return 'it is a directory';
  if ((found.mode & 0o111) !== 0) return 'it is a program';
  for (const folder of ['group_vars', 'host_vars']) {
    const isThere = await access(join(dirname(path), folder)).then(
      () => true,
      () => false,
    );
    if (isThere) return `there is a ${folder} beside it`;
  }
  return null;
}

/** Null where there is no Ansible. Rejects for a file that it cannot read: unasked, it would call that an empty one. */
async function listByAnsible(path: string): Promise<string | null> {
  const env = {
    ANSIBLE_INVENTORY_UNPARSED_FAILED: 'True',
    ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED: 'True',
  };
  try {
    const args = ['-i', path, '--list'];
    return (await execa('ansible-inventory', args, { env, timeout: listMs })).stdout;
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    if (error.code === 'ENOENT') return null;
    throw new Error(`ansible-inventory cannot read it: ${error.stderr || error.shortMessage}`);
  }
}

/** What `ansible-inventory --list` prints. */
function fromListing(text: string): Inventory {
  const listing: unknown = JSON.parse(text);
  if (!isMap(listing)) throw new Error('ansible-inventory printed no map');
  const variables = new Map<string, Record<string, string>>();
  const meta = listing['_meta'];
  const hostvars = isMap(meta) ? meta['hostvars'] : undefined;
  for (const [host, own] of Object.entries(isMap(hostvars) ? hostvars : {})) {
    const texts = Object.entries(isMap(own) ? own : {}).map(([key, value]) => [key, String(value)]);
    variables.set(host, Object.fromEntries(texts));
  }
  const hostsOf = (name: string, seen: readonly string[] = []): readonly string[] => {
    const group = listing[name];
    if (!isMap(group) || seen.includes(name)) return [];
    const below = list(group['children']).flatMap((child) => hostsOf(child, [...seen, name]));
    return [...list(group['hosts']), ...below];
  };
  const names = Object.keys(listing).filter((name) => name !== '_meta');
  return { groups: new Map(names.map((name) => [name, new Set(hostsOf(name))])), variables };
}

function list(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
