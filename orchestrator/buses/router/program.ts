import type { RouterProgram } from '../../../topologies/buses/router.ts';
import { BusError } from '../../errors.ts';
import type { Host } from '../../hosts/host.ts';

/** A router program found on a host. */
export interface FoundProgram {
  readonly program: RouterProgram;
  readonly path: string;
}

const variables: Readonly<Record<RouterProgram, string>> = {
  qdrouterd: 'BUSBENCH_QDROUTERD',
  skrouterd: 'BUSBENCH_SKROUTERD',
};

/** Prints `program path` of every router program there is; the variables go before PATH. */
const search = `
for program in qdrouterd skrouterd; do
  case $program in
    qdrouterd) given="$BUSBENCH_QDROUTERD" ;;
    skrouterd) given="$BUSBENCH_SKROUTERD" ;;
  esac
  if [ -n "$given" ] && [ -x "$given" ]; then echo "$program $given"; continue; fi
  path=$(PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v $program) && echo "$program $path"
done
exit 0`;

export const searchCommand: readonly string[] = ['sh', '-c', search];

/** What the search needs to know of our own environment. */
export function searchEnvironment(): Readonly<Record<string, string>> {
  const entries = Object.values(variables).flatMap((name): [string, string][] => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}

export function parseFound(output: string): readonly FoundProgram[] {
  return output.split('\n').flatMap((line): FoundProgram[] => {
    const [program, ...rest] = line.split(' ');
    if (program !== 'qdrouterd' && program !== 'skrouterd') return [];
    return [{ program, path: rest.join(' ') }];
  });
}

/** The program to use on each host, one kind for the whole mesh. Rejects with ROUTER_NOT_FOUND. */
export async function findPrograms(
  hosts: readonly Host[],
  wanted: 'auto' | RouterProgram,
  logFile: string,
): Promise<ReadonlyMap<Host, FoundProgram>> {
  const found = new Map<Host, readonly FoundProgram[]>();
  for (const host of new Set(hosts)) {
    const options = {
      env: searchEnvironment(),
      logFile,
      stdio: 'pipe',
      timeoutMs: 10_000,
    } as const;
    found.set(host, parseFound(await host.run(searchCommand, options)));
  }
  for (const program of kinds(wanted)) {
    const chosen = new Map<Host, FoundProgram>();
    for (const [host, programs] of found) {
      const match = programs.find((candidate) => candidate.program === program);
      if (match !== undefined) chosen.set(host, match);
    }
    if (chosen.size === found.size) return chosen;
  }
  const where = [...found].map(([host, has]) => {
    const names = has.map((one) => one.program).join(' and ');
    return `${host.name}: ${names === '' ? 'none' : names}`;
  });
  throw new BusError(
    'ROUTER_NOT_FOUND',
    `expected ${missing(wanted)} on every host of a router, got ${where.join('; ')}`,
    installHint,
  );
}

/** In the order of preference: skrouterd is maintained, and its multicast is exact in any graph. */
export function kinds(wanted: 'auto' | RouterProgram): readonly RouterProgram[] {
  return wanted === 'auto' ? ['skrouterd', 'qdrouterd'] : [wanted];
}

export function missing(wanted: 'auto' | RouterProgram): string {
  return kinds(wanted).join(' or ');
}

export const installHint =
  'Debian does not package them: build qpid-dispatch 1.19 or skupper-router 3 and put it on PATH, or name the program in BUSBENCH_QDROUTERD or BUSBENCH_SKROUTERD.';
