import type { Offer, OptionWords, Words } from './words.ts';

/** A script for `source <(busbench completion bash)`. */
export function bashScript({ commands, options, settings }: Words): string {
  const values = commands.flatMap(({ name, options }) =>
    options.flatMap(({ flags, offer }) =>
      offer === null ? [] : [branch(flags.map((flag) => `${name},${flag}`).join('|'), offer)],
    ),
  );
  const flags = commands.map(
    ({ name, options }) => `    ${name}) _busbench_words '${flagsOf(options)}' ;;`,
  );
  const args = commands.flatMap(({ name, offer }) => (offer === null ? [] : [branch(name, offer)]));
  const listed = [...settings].filter(([, words]) => words.length > 0);
  return `# bash completion of busbench, made by \`busbench completion bash\`
_busbench_words() { COMPREPLY+=($(compgen -W "$1" -- "$cur")); }
_busbench_paths() { local IFS=$'\\n'; COMPREPLY+=($(compgen "$1" -- "$cur")); compopt -o filenames 2>/dev/null; }
_busbench_settings() { _busbench_words '${[...settings.keys()].map((path) => `${path}=`).join(' ')}'; compopt -o nospace 2>/dev/null; }
_busbench() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= path= i
  local IFS=$' \\t\\n'
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${commands.map(({ name }) => name).join('|')}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  COMPREPLY=()
  # bash parts words at "=": path=value comes as three.
  if [[ $cur == = ]]; then
    path=$prev cur=
  elif [[ $prev == = ]]; then
    path=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case $path in
    '') ;;
    -*) prev=$path ;;
    *)
      case $path in
${listed.map(([path, words]) => `        ${path}) _busbench_words '${words.join(' ')}' ;;`).join('\n')}
      esac
      return ;;
  esac
  case $command,$prev in
${values.join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case $command in
    '') _busbench_words '${flagsOf(options)}' ;;
${flags.join('\n')}
    esac
    return
  fi
  case $command in
    '') _busbench_words '${commands.map(({ name }) => name).join(' ')} help' ;;
${args.join('\n').replaceAll('; return ;;', ' ;;')}
  esac
}
complete -F _busbench busbench
`;
}

function flagsOf(options: readonly OptionWords[]): string {
  return options.flatMap(({ flags }) => flags).join(' ');
}

function branch(pattern: string, { words, also }: Offer): string {
  const calls = words.length === 0 ? [] : [`_busbench_words '${words.join(' ')}'`];
  if (also === 'files') calls.push('_busbench_paths -f');
  if (also === 'directories') calls.push('_busbench_paths -d');
  if (also === 'settings') calls.push('_busbench_settings');
  return `    ${pattern}) ${[...calls, 'return'].join('; ')} ;;`;
}
