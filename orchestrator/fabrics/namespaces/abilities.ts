import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../errors.ts';
import type { Host } from '../../hosts/host.ts';
import { namespaceHost } from '../../hosts/namespace.ts';
import { claimDirectory, markOf, newOwner, temporaryFolder } from '../../processes/owner.ts';
import { endOwned } from '../../processes/stale.ts';
import { makeNamespace, type Privilege } from './network-namespace.ts';
import { firewalls, startEngine } from './nfqueue.ts';

/** What stands in the way of something, and what to do about it. */
export interface Obstacle {
  readonly missing: string;
  readonly hint: string;
}

/** What this machine was seen to do, by doing it in a namespace of its own. */
export interface Abilities {
  readonly privilege: Privilege;
  /** Null: namespaces can be made. */
  readonly namespaces: Obstacle | null;
  readonly netem: Obstacle | null;
  readonly nfqueue: Obstacle | null;
  /** The first program that loads rules which queue packets; empty when none does. */
  readonly firewall: string;
}

const commandMs = 10_000;

/** What we are when nobody says otherwise. */
export function ownPrivilege(): Privilege {
  return process.getuid?.() === 0 ? 'root' : 'rootless';
}

/** Tries everything in a scratch namespace, which is gone afterwards. */
export async function findAbilities(privilege: Privilege): Promise<Abilities> {
  let folder: string;
  try {
    folder = temporaryFolder();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return nothing(privilege, { missing: error.message, hint: error.hint });
  }
  const owner = newOwner('probe');
  const directory = await mkdtemp(join(folder, 'busbench-probe-'));
  const logFile = join(directory, 'log');
  claimDirectory(directory, owner);
  try {
    const mark = markOf(owner);
    const label = 'busbench-probe';
    const space = await makeNamespace({ label, privilege, mark, first: null, logFile });
    const place = { name: 'probe', site: 'probe', address: '127.0.0.1', directory };
    const host = await namespaceHost(place, space);
    const [netem, firewall, engine] = await Promise.all([
      probeNetem(host, logFile),
      probeFirewall(host, logFile),
      probeEngine(host, logFile),
    ]);
    const nfqueue = firewall === '' ? noFirewall : engine;
    return { privilege, namespaces: null, netem, nfqueue, firewall };
  } catch (error) {
    return nothing(privilege, noNamespaces(privilege, said(error)));
  } finally {
    await endOwned(owner);
    await rm(directory, { recursive: true, force: true });
  }
}

function nothing(privilege: Privilege, namespaces: Obstacle): Abilities {
  return { privilege, namespaces, netem: namespaces, nfqueue: namespaces, firewall: '' };
}

function noNamespaces(privilege: Privilege, why: string): Obstacle {
  if (process.platform !== 'linux') {
    return { missing: 'Linux, for network namespaces', hint: 'use fabric: loopback' };
  }
  if (noProgram.test(why)) {
    return { missing: `network namespaces (${why})`, hint: 'apt-get install util-linux' };
  }
  return {
    missing: `network namespaces ${privilege === 'root' ? 'as root' : 'of its own for an ordinary user'} (${why})`,
    hint:
      privilege === 'root'
        ? 'in a container, give it CAP_SYS_ADMIN and CAP_NET_ADMIN; apt-get install util-linux iproute2'
        : 'run as root (sudo), or allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu)',
  };
}

/** What a Host says of a command that is not there. */
const noProgram = /there is no such program/;

const noFirewall: Obstacle = {
  missing: `a program and a kernel that queue packets (tried ${firewalls.join(', ')})`,
  hint: 'apt-get install iptables; modprobe -a xt_NFQUEUE nfnetlink_queue',
};

async function probeNetem(host: Host, logFile: string): Promise<Obstacle | null> {
  const command = ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms'];
  try {
    await host.run(command, { stdio: 'pipe', logFile, timeoutMs: commandMs });
    return null;
  } catch (error) {
    const why = said(error);
    if (noProgram.test(why)) return { missing: why, hint: 'apt-get install iproute2' };
    return {
      missing: `the netem queueing discipline (${why})`,
      hint: 'modprobe -a sch_netem sch_htb cls_u32; on Ubuntu first apt-get install linux-modules-extra-$(uname -r)',
    };
  }
}

async function probeFirewall(host: Host, logFile: string): Promise<string> {
  const rule = [
    '-t',
    'mangle',
    '-A',
    'FORWARD',
    '-i',
    'none0',
    '-j',
    'NFQUEUE',
    '--queue-num',
    '1',
  ];
  for (const firewall of firewalls) {
    try {
      const env = { XTABLES_LOCKFILE: join(host.directory, 'xtables.lock') };
      await host.run([firewall, ...rule], { stdio: 'pipe', logFile, env, timeoutMs: commandMs });
      return firewall;
    } catch {
      // The next one may do.
    }
  }
  return '';
}

async function probeEngine(host: Host, logFile: string): Promise<Obstacle | null> {
  const perfect = { delayMs: 0, jitterMs: 0, lossPercent: 0, rateMbps: null };
  const engine = await startEngine(host, logFile);
  try {
    const link = { from: 'a', to: 'b', ...perfect };
    await engine.ask('start', { links: [{ queue: 1, link, seed: 1 }] });
    return null;
  } catch (error) {
    const log = await host.get(logFile).then(String, () => '');
    const noKoffi = log.includes('koffi');
    return {
      missing: noKoffi ? 'the native module koffi' : `packet queues in the kernel (${said(error)})`,
      hint: noKoffi ? 'npm install koffi' : 'modprobe nfnetlink_queue',
    };
  } finally {
    await engine[Symbol.asyncDispose]();
  }
}

/** The last line of what went wrong: programs put the reason there. */
function said(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n').at(-1) ?? '';
}
