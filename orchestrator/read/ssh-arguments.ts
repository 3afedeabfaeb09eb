/** Arguments of ssh as an inventory has them, as `ssh -o` would take them. */
export interface SshArguments {
  /** `Name=value`, in order. */
  readonly options: readonly string[];
  /** What would have turned the checking of host keys off, and was left out. */
  readonly dropped: readonly string[];
  /** What is no option that we know. */
  readonly unknown: readonly string[];
}

/** Options of one letter by the name they have in ssh_config(5). */
const letters: Readonly<Record<string, string>> = {
  J: 'ProxyJump',
  p: 'Port',
  i: 'IdentityFile',
  l: 'User',
};
const unchecked =
  /^(StrictHostKeyChecking=(no|off|accept-new)|(User|Global)KnownHostsFile=.*|CheckHostIP=no)$/i;
/** Ansible's own, for its many short connections: we have one long one. */
const ofManyConnections = /^Control(Master|Path|Persist)=/i;

/** Reads what stands in `ansible_ssh_common_args`: words as a shell splits them. */
export function parseSshArguments(text: string): SshArguments {
  const options: string[] = [];
  const dropped: string[] = [];
  const unknown: string[] = [];
  const words = shellWords(text);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const [, letter = '', glued = ''] = /^-([a-zA-Z])(.*)$/s.exec(word) ?? [];
    const name = letters[letter];
    if (letter !== 'o' && name === undefined) {
      unknown.push(word);
      continue;
    }
    const value = glued === '' ? (words[++i] ?? '') : glued;
    const option =
      name === undefined ? value.replace(/^(\w+)\s*(=|\s)\s*/, '$1=') : `${name}=${value}`;
    if (unchecked.test(option)) dropped.push(option);
    else if (/^ProxyCommand=/i.test(option)) options.push(checkedProxy(option, dropped));
    else if (!ofManyConnections.test(option)) options.push(option);
  }
  return { options, dropped, unknown };
}

/** A proxy is an ssh of its own, whose host keys are checked as well. */
function checkedProxy(option: string, dropped: string[]): string {
  return option.replaceAll(/\s-o\s*(\w+=\S+)/g, (whole, inner: string) => {
    if (!unchecked.test(inner)) return whole;
    dropped.push(inner);
    return '';
  });
}

/** Blanks part words; quotes and backslashes keep them together. */
export function shellWords(text: string): readonly string[] {
  const words: string[] = [];
  const word = /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs;
  for (const [raw] of text.matchAll(word)) {
    words.push(
      raw.replaceAll(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs, (_, escaped, double, single) =>
        String(escaped ?? single ?? String(double).replaceAll(/\\(["\\$`])/g, '$1')),
      ),
    );
  }
  return words;
}
