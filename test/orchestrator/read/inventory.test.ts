import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScenarioError } from '../../../orchestrator/errors.ts';
import { type LoadedScenario, parseScenario } from '../../../orchestrator/read/scenario.ts';
import { parseSshArguments } from '../../../orchestrator/read/ssh-arguments.ts';

const scenario = `schema: busbench/scenario/1
fabric: machines
inventory: INVENTORY
sites: [paris, lyon]
bus: { type: zeromq }
`;

/** As EnOSlib 10 writes it. */
const enoslib = `[paris]
paravance-1.rennes alias=paravance-1 ansible_host=10.0.1.1 ansible_port=2222 ansible_user='root' ansible_ssh_private_key_file='/home/u/.ssh/id' ansible_ssh_common_args='-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ProxyCommand="ssh -W %h:%p -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null access.grid5000.fr"'

[lyon]
node[1:2] busbench_address=10.0.2.1

[lyon:vars]
ansible_user=ubuntu

[all:children]
paris
lyon
`;

const yaml = `all:
  vars: { ansible_user: everybody }
  children:
    france:
      children:
        paris: { hosts: { p1: { ansible_user: root, busbench_node: /opt/node } } }
        lyon: { hosts: { l1: null }, vars: { ansible_ssh_common_args: -J gate -p 2200 } }
`;

describe('an inventory', () => {
  let folder: string;
  const path = process.env['PATH'];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'busbench-inventory-'));
    // Without Ansible: the file alone.
    process.env['PATH'] = folder;
  });
  afterAll(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true, force: true });
  });

  async function read(text: string, name = 'hosts.ini'): Promise<LoadedScenario> {
    writeFileSync(join(folder, name), text);
    const file = join(folder, 'scenario.yaml');
    return parseScenario(scenario.replace('INVENTORY', name), file, []);
  }

  async function mistakesOf(text: string, name?: string): Promise<readonly string[]> {
    const error = await read(text, name).catch((thrown: unknown) => thrown);
    if (!(error instanceof ScenarioError)) throw error;
    return error.mistakes.map(({ path: at, line, message }) => `${at}:${line}: ${message}`);
  }

  it('of EnOSlib gives its hosts, and has host keys checked all the same', async () => {
    const { scenario: read1, notes } = await read(enoslib);
    expect(read1.sites).toEqual([
      {
        name: 'paris',
        hosts: [
          {
            ssh: 'root@10.0.1.1',
            address: null,
            node: null,
            options: [
              'Port=2222',
              'IdentityFile=/home/u/.ssh/id',
              'ProxyCommand=ssh -W %h:%p access.grid5000.fr',
            ],
          },
        ],
      },
      {
        name: 'lyon',
        hosts: ['node1', 'node2'].map((name) => {
          return { ssh: `ubuntu@${name}`, address: '10.0.2.1', node: null, options: [] };
        }),
      },
    ]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain('ssh-keyscan 10.0.1.1');
  });

  it('in YAML: the nearer a variable stands to the host, the more it counts', async () => {
    const { sites } = (await read(yaml, 'hosts.yaml')).scenario;
    expect(sites[0]?.hosts).toEqual([
      { ssh: 'root@p1', address: null, node: '/opt/node', options: [] },
    ]);
    expect(sites[1]?.hosts).toEqual([
      {
        ssh: 'everybody@l1',
        address: null,
        node: null,
        options: ['ProxyJump=gate', 'Port=2200'],
      },
    ]);
  });

  it.each([
    ['no group of that name', '[paris]\nh1\n', 'no group lyon with hosts in it; it has paris'],
    ['a host of two sites', '[paris]\nh1\n[lyon]\nh1\n', 'h1 is in paris and in lyon'],
    ['a template', '[paris]\nh1 ansible_host="{{ x }}"\n[lyon]\nh2\n', 'is a template'],
    ['what is no ssh', '[paris]\nh1 ansible_connection=local\n[lyon]\nh2\n', 'got local'],
    ['another argument', '[paris]\nh1 ansible_ssh_common_args=-A\n[lyon]\nh2\n', 'arguments -A'],
    ['a stray word', '[paris]\nh1 what\n', 'apt-get install ansible-core'],
  ])('with %s is one mistake, at its line', async (_, text, message) => {
    const mistakes = await mistakesOf(text);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(/^inventory:3: hosts\.ini: /);
    expect(mistakes[0]).toContain(message);
  });

  it('that is not there is a mistake', async () => {
    const text = scenario.replace('INVENTORY', 'nowhere.ini');
    await expect(parseScenario(text, join(folder, 's.yaml'), [])).rejects.toThrow(
      /nowhere\.ini: .*ENOENT/,
    );
  });

  it('by ansible-inventory, where there is one, is what that says', async () => {
    const listing = {
      paris: { hosts: ['a'] },
      lyon: { children: ['deep'] },
      deep: { hosts: ['b'] },
    };
    const meta = { _meta: { hostvars: { a: { ansible_port: 7 }, b: {} } } };
    const program = join(folder, 'ansible-inventory');
    const said = JSON.stringify({ ...listing, ...meta });
    const script = `#!/bin/sh\n[ "$ANSIBLE_INVENTORY_UNPARSED_FAILED" = True ] || exit 9\ncase "$(/bin/cat $2)" in broken*) echo no good >&2; exit 1;; esac\necho '${said}'\n`;
    writeFileSync(program, script, { mode: 0o755 });
    try {
      const { sites } = (await read('anything')).scenario;
      expect(
        sites.flatMap(({ hosts }) => hosts.map(({ ssh, options }) => [ssh, ...options])),
      ).toEqual([['a', 'Port=7'], ['b']]);
      expect(await mistakesOf('broken')).toEqual([
        expect.stringContaining('ansible-inventory cannot read it: no good'),
      ]);
    } finally {
      rmSync(program);
    }
  });
});

it('host keys cannot be left unchecked by a scenario', async () => {
  const text = `schema: busbench/scenario/1
fabric: machines
sites: { paris: { hosts: [{ ssh: h1, options: [StrictHostKeyChecking=no] }] } }
bus: { type: zeromq }
`;
  await expect(parseScenario(text, 's.yaml', [])).rejects.toThrow(/host keys are always checked/);
});

it('arguments of ssh are read as a shell splits them', () => {
  expect(
    parseSshArguments(
      `-o "ProxyCommand=ssh -W '%h:%p' g" -oPort=3 -i '/a b' -o 'ServerAliveInterval 9'`,
    ),
  ).toEqual({
    options: [
      "ProxyCommand=ssh -W '%h:%p' g",
      'Port=3',
      'IdentityFile=/a b',
      'ServerAliveInterval=9',
    ],
    dropped: [],
    unknown: [],
  });
});
