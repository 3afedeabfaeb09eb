import { BusError } from '../../errors.ts';

/** A RabbitMQ found on a machine. */
export interface Installation {
  /** Folder with `sbin` and `plugins`. */
  readonly home: string;
  readonly version: string;
  /** Names of the plugins it comes with. */
  readonly plugins: readonly string[];
}

/** Folders an installation may be in: named by BUSBENCH_RABBITMQ, Debian's, a generic unpacked archive, Homebrew's. */
const search = `
for dir in "$BUSBENCH_RABBITMQ" /usr/lib/rabbitmq/lib/rabbitmq_server-* /usr/local/lib/rabbitmq_server-* \\
  /opt/rabbitmq /opt/rabbitmq_server-* /opt/homebrew/opt/rabbitmq /usr/local/opt/rabbitmq; do
  [ -n "$dir" ] && [ -x "$dir/sbin/rabbitmq-server" ] || continue
  command -v erl >/dev/null && command -v epmd >/dev/null || exit 0
  echo "$dir"; ls "$dir/plugins"; exit 0
done`;

/** Command that `parseInstallation` understands the output of. */
export const searchCommand: readonly string[] = ['sh', '-c', search];

/** What the search needs to know of our own environment. */
export function searchEnvironment(): Readonly<Record<string, string>> {
  return { BUSBENCH_RABBITMQ: process.env['BUSBENCH_RABBITMQ'] ?? '' };
}

/** Null when nothing was found. Plugins are folders or .ez archives named `<plugin>-<version>`. */
export function parseInstallation(output: string): Installation | null {
  const [home, ...files] = output.trim().split('\n');
  if (home === undefined || home === '') return null;
  const plugins = new Map<string, string>();
  for (const file of files) {
    const [, name, version] = /^([a-z0-9_]+)-(\d.*?)(?:\.ez)?$/.exec(file) ?? [];
    if (name !== undefined && version !== undefined) plugins.set(name, version);
  }
  const version = plugins.get('rabbit');
  return version === undefined ? null : { home, version, plugins: [...plugins.keys()] };
}

export const missing = 'no rabbitmq-server found (with erl and epmd on PATH)';
export const installHint =
  'Debian and Ubuntu: `apt-get install rabbitmq-server`; elsewhere set BUSBENCH_RABBITMQ to the folder that holds sbin/rabbitmq-server.';

export function notInstalled(host: string): BusError {
  return new BusError('RABBITMQ_NOT_FOUND', `${host}: ${missing}`, installHint);
}

/** True when `version` is at least `major.minor`. */
export function atLeast(version: string, major: number, minor: number): boolean {
  const [have = 0, haveMinor = 0] = version.split('.').map(Number);
  return have > major || (have === major && haveMinor >= minor);
}
