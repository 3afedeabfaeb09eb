import type { Offer, OptionWords, Words } from './words.ts';

/** A script for `source <(busbench completion zsh)`, or for a folder of fpath as `_busbench`. */
export function zshScript({ commands, options, settings }: Words): string {
  const values = commands.flatMap(({ name, options }) =>
    options.flatMap(({ flags, offer }) =>
      offer === null ? [] : [branch(flags.map((flag) => `${name},${flag}`).join('|'), offer)],
    ),
  );
  const flags = commands.map(
    ({ name, options }) => `      ${name}) described=(${described(options)}) ;;`,
  );
  const args = commands.flatMap(({ name, offer }) => (offer === null ? [] : [branch(name, offer)]));
  const listed = [...settings].filter(([, words]) => words.length > 0);
  return `#compdef busbench
# zsh completion of busbench, made by \`busbench completion zsh\`
_busbench_settings() {
  if [[ $PREFIX != *=* ]]; then
    compadd -S '' -- ${[...settings.keys()].map((path) => `${path}=`).join(' ')}
    return
  fi
  local path_=\${PREFIX%%=*}
  compset -P '*='
  case $path_ in
${listed.map(([path, words]) => `    ${path}) compadd -- ${words.join(' ')} ;;`).join('\n')}
  esac
}
_busbench() {
  local command_= i
  local -a described
  for ((i = 2; i < CURRENT; i++)); do
    case \${words[i]} in
      ${commands.map(({ name }) => name).join('|')}) command_=\${words[i]}; break ;;
    esac
  done
  case $command_,\${words[CURRENT-1]} in
${values.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    case $command_ in
      '') described=(${described(options)}) ;;
${flags.join('\n')}
    esac
    _describe -o option described
    return
  fi
  case $command_ in
    '')
      described=(${commands.map(({ name, about }) => quoted(`${name}:${about}`)).join(' ')} 'help:show the help of a command')
      _describe command described ;;
${args.join('\n').replaceAll('; return ;;', ' ;;')}
  esac
}
if [[ $funcstack[1] == _busbench ]]; then
  _busbench "$@"
else
  compdef _busbench busbench
fi
`;
}

/** `name:about` of every spelling, as _describe wants it. */
function described(options: readonly OptionWords[]): string {
  return options
    .flatMap(({ flags, about }) => flags.map((flag) => quoted(`${flag}:${about}`)))
    .join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function branch(pattern: string, { words, also }: Offer): string {
  const calls = words.length === 0 ? [] : [`compadd -- ${words.join(' ')}`];
  if (also === 'files') calls.push('_files');
  if (also === 'directories') calls.push('_files -/');
  if (also === 'settings') calls.push('_busbench_settings');
  return `    ${pattern}) ${[...calls, 'return'].join('; ')} ;;`;
}
