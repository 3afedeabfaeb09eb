import type { Offer, OptionWords, Words } from './words.ts';

/** A script for `busbench completion fish | source`, or for a folder of fish_complete_path as `busbench.fish`. */
export function fishScript({ commands, options, settings }: Words): string {
  const settingWords = [...settings].flatMap(([path, words]) =>
    words.length === 0 ? [`${path}=`] : words.map((word) => `${path}=${word}`),
  );
  const offered = ({ words, also }: Offer): string => {
    const all = also === 'settings' ? settingWords : words;
    const parts = all.length === 0 ? [] : [`-a ${quoted(all.join(' '))}`];
    if (also === 'files') parts.push('-F');
    if (also === 'directories') parts.push("-a '(__fish_complete_directories)'");
    return parts.join(' ');
  };
  const optionLine = (when: string, { flags, about, offer }: OptionWords): string => {
    const names = flags.map((flag) =>
      flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
    );
    const value =
      offer === null ? '' : ` ${offer.also === 'files' ? '-r' : '-x'} ${offered(offer)}`;
    return `complete -c busbench -n ${quoted(when)} ${names.join(' ')}${value} -d ${quoted(about)}`;
  };
  const lines = [
    '# fish completion of busbench, made by `busbench completion fish`',
    'complete -c busbench -f',
    ...options.map((option) => optionLine('__fish_use_subcommand', option)),
    ...commands.map(
      ({ name, about }) =>
        `complete -c busbench -n __fish_use_subcommand -a ${name} -d ${quoted(about)}`,
    ),
    ...commands.flatMap(({ name, options, offer }) => {
      const when = `__fish_seen_subcommand_from ${name}`;
      const args =
        offer === null ? [] : [`complete -c busbench -n ${quoted(when)} ${offered(offer)}`];
      return [...args, ...options.map((option) => optionLine(when, option))];
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
