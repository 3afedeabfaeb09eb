import { readFileSync, writeFileSync } from 'node:fs';
import type { Host } from '../../hosts/host.ts';

/** Written below /proc/sys/net of every site; what the kernel does not know is left out of the record. */
const siteSettings: Readonly<Record<string, string>> = {
  'ipv4/tcp_wmem': '4096 65536 67108864',
  'ipv4/tcp_rmem': '4096 131072 67108864',
  // Each connection starts fresh: a run must not inherit what an earlier connection learned of a path.
  'ipv4/tcp_no_metrics_save': '1',
  'ipv4/conf/all/rp_filter': '0',
  'ipv6/conf/all/disable_ipv6': '1',
};

const routerSettings: Readonly<Record<string, string>> = {
  'ipv4/ip_forward': '1',
  'ipv4/conf/all/rp_filter': '0',
  'ipv4/conf/default/rp_filter': '0',
  'ipv6/conf/all/disable_ipv6': '1',
  'ipv6/conf/default/disable_ipv6': '1',
};

/** Cubic is what most of the world uses; where the machine does not allow it to namespaces, the one that always is. */
const congestionControls = ['cubic', 'reno'];
const congestionControl = 'ipv4/tcp_congestion_control';

const set = `
set_() { [ ! -e "/proc/sys/net/$1" ] || { echo "$2" > "/proc/sys/net/$1"; } 2>/dev/null; }
`;

/** Sets the router up to forward. To be called before its interfaces are made: they inherit the defaults. */
export async function tuneRouter(host: Host, logFile: string): Promise<void> {
  await apply(host, assignments(routerSettings), logFile);
}

/** Sets a site's TCP up on purpose. Returns what the kernel then says, by sysctl name. */
export async function tuneSite(
  host: Host,
  logFile: string,
): Promise<Readonly<Record<string, string>>> {
  const choose = congestionControls.map((name) => `set_ ${congestionControl} ${name}`).join(' || ');
  const keys = [congestionControl, ...Object.keys(siteSettings)];
  const tell = `for key in ${keys.join(' ')}; do
    [ ! -e "/proc/sys/net/$key" ] || echo "$key=$(cat "/proc/sys/net/$key")"
  done`;
  const said = await apply(host, `${assignments(siteSettings)}\n${choose}\n${tell}`, logFile);
  const lines = said.trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [key = '', value = ''] = line.split('=');
      return [`net.${key.replaceAll('/', '.')}`, value.replaceAll('\t', ' ')];
    }),
  );
}

function assignments(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `set_ ${key} '${value}'`)
    .join('\n');
}

function apply(host: Host, script: string, logFile: string): Promise<string> {
  const command = ['sh', '-c', `${set}\n${script}\nexit 0`];
  return host.run(command, { stdio: 'pipe', logFile, timeoutMs: 10_000 });
}

const allowedFile = '/proc/sys/net/ipv4/tcp_allowed_congestion_control';

/**
 * A namespace may choose only among the congestion controls that its machine allows to all. Allows the one we want
 * until disposed: what a namespace has chosen by then it keeps. Does nothing where that is not ours to say.
 */
export function allowCongestionControl(): Disposable {
  const [wanted = ''] = congestionControls;
  try {
    const before = readFileSync(allowedFile, 'utf8').trim();
    if (before.split(' ').includes(wanted)) return { [Symbol.dispose]: () => {} };
    writeFileSync(allowedFile, `${before} ${wanted}`);
    return { [Symbol.dispose]: () => writeFileSync(allowedFile, before) };
  } catch {
    return { [Symbol.dispose]: () => {} };
  }
}
