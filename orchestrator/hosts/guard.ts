import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Kills what we started when we are gone, however we go. A shell of a few hundred kB reads `+ pgid` and `- pgid`
 * lines from a pipe that only we hold; at its end it kills every process group still listed. It has a session
 * of its own, so neither Ctrl-C nor a pause of one of the groups reaches it.
 */
const program = `
groups=" "
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done
`;

const guarded = new Set<number>();
let guardian: ChildProcess | null = null;

/** From now on process group `pgid` dies with this process, until `unguardGroup`. */
export function guardGroup(pgid: number): void {
  guarded.add(pgid);
  if (guardian === null) startGuardian();
  else guardian.stdin?.write(`+ ${pgid}\n`);
}

/** To be called once the group is gone, before its number can be another's. */
export function unguardGroup(pgid: number): void {
  if (guarded.delete(pgid)) guardian?.stdin?.write(`- ${pgid}\n`);
}

function startGuardian(): void {
  const shell = spawn('/bin/sh', ['-c', program], {
    detached: true,
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guardian = shell;
  // A guardian that somebody killed is replaced at the next spawn; until then there is nothing to tell it.
  const lost = (): void => {
    if (guardian === shell) guardian = null;
  };
  shell.on('error', lost).on('exit', lost).unref();
  shell.stdin?.on('error', lost);
  if (shell.stdin !== null && 'unref' in shell.stdin) (shell.stdin as { unref(): void }).unref();
  for (const pgid of guarded) shell.stdin?.write(`+ ${pgid}\n`);
}
