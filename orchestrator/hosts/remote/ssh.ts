/** How ssh is told to reach a machine: all else stands in the user's own configuration. */
export interface SshTarget {
  /** Host, user@host or an alias. */
  readonly ssh: string;
  /** Of ssh, `Name=value`, besides what stands in the user's configuration. */
  readonly options: readonly string[];
  /** Path of node there; null for the one on PATH. */
  readonly node: string | null;
}

/**
 * No terminal, no questions, an end when the machine is silent; nothing of the user's configuration that is for people at
 * a keyboard. Host keys are checked as the user has it.
 */
const fixed = [
  '-T',
  '-x',
  ...['BatchMode=yes', 'ServerAliveInterval=5', 'ServerAliveCountMax=3', 'ConnectTimeout=15'],
  ...['ClearAllForwardings=yes', 'RemoteCommand=none', 'ControlMaster=no', 'ControlPersist=no'],
].flatMap((option) => (option.startsWith('-') ? [option] : ['-o', option]));

/** The command whose stdin and stdout are those of a shell script on that machine. */
export function sshCommand({ ssh, options }: SshTarget, script: string): readonly string[] {
  const own = options.flatMap((option) => ['-o', option]);
  return ['ssh', ...fixed, ...own, '--', ssh, `exec /bin/sh -c ${quoted(script)}`];
}

/** For any shell that knows single quotes. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What to do about what ssh said when it could not connect. */
export function sshHint({ ssh }: SshTarget, said: string): string {
  const host = ssh.replace(/^.*@/, '');
  if (/HOST IDENTIFICATION HAS CHANGED/.test(said)) {
    return `The machine shows another host key than before. If it was installed anew: ssh-keygen -R ${host}, then ssh ${ssh} once and compare the key.`;
  }
  if (/Host key verification failed/.test(said)) {
    return `Nobody has vouched for its host key yet: ssh ${ssh} once and compare the key, or ssh-keyscan ${host} >> ~/.ssh/known_hosts on a network that you trust.`;
  }
  if (/Permission denied|Too many authentication failures/.test(said)) {
    return `It takes no key that ssh offers without asking: ssh-copy-id ${ssh}, or ssh-add the key; ssh -o BatchMode=yes ${ssh} true must work.`;
  }
  return `ssh -o BatchMode=yes ${ssh} true must work first; its own words are above.`;
}
