/**
 * The scripts themselves. All three walk the words that are typed: a word that names a known
 * command leads on, the value of a flag does not, and any other word is left alone.
 */
import { steps, valueFlags, type Place } from './completion-words.js';

/** A pattern for any of the words, as `case` of bash and `switch` of fish take it. */
const anyOf = (words: readonly string[], between: string): string =>
  words.map((word) => `'${word}'`).join(between);

export function bashCompletion(places: readonly Place[]): string {
  const values = valueFlags(places);
  const flags = values.map(({ at }) => at);
  const offers = [
    ...values
      .filter(({ choices }) => choices.length > 0)
      .map(({ at, choices }) => `    '${at}') offer='${choices.join(' ')}' ;;`),
    // Any other value: files, for want of something better.
    `    *' -'*) offer='' ;;`,
    ...places.map(({ path, subcommands, choices, flags }) => {
      const names = flags.flatMap((flag) => flag.names);
      return `    '${path} ') offer='${[...subcommands, ...choices, ...names].join(' ')}' ;;`;
    }),
  ];
  // No variable may be called path, words or options: zsh has special ones of these names.
  return `_mayfly() {
  local at='' flag='' offer='' word typed
  typed="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    # bash takes --proxy=x for three words.
    if [ "$word" = '=' ]; then continue; fi
    if [ -n "$flag" ]; then flag=''; continue; fi
    case "$at $word" in
      ${anyOf(flags, ' | ')}) flag="$word" ;;
      ${anyOf(steps(places), ' | ')}) at="\${at:+$at }$word" ;;
    esac
  done
  if [ "$typed" = '=' ]; then typed=''; fi
  case "$at $flag" in
${offers.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$offer" -- "$typed")
  [ "\${#COMPREPLY[@]}" -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$typed")
}
complete -o filenames -F _mayfly mayfly`;
}

/** zsh reads bash's script, but has no mapfile. */
export function zshCompletion(places: readonly Place[]): string {
  const script = bashCompletion(places).replaceAll(/mapfile -t COMPREPLY < <\((.*)\)/g, 'COMPREPLY=($($1))');
  return `autoload -U +X bashcompinit && bashcompinit\n${script}`;
}

export function fishCompletion(places: readonly Place[]): string {
  const offers = places.flatMap(({ path, subcommands, choices, flags }) => {
    const here = `complete -c mayfly -n '__mayfly_at${path === '' ? '' : ` ${path}`}'`;
    return [
      ...[...subcommands, ...choices].map((word) => `${here} -f -a ${word}`),
      ...flags.map(({ names, takesValue, choices: values }) => {
        const said = names.map((name) =>
          name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
        );
        const value = !takesValue ? '' : values.length === 0 ? ' -r' : ` -x -a '${values.join(' ')}'`;
        return `${here} ${said.join(' ')}${value}`;
      }),
    ];
  });
  const flags = valueFlags(places).map(({ at }) => at);
  return `# Whether these words are the command that is typed so far.
function __mayfly_at
  set -l at
  set -l value
  set -l typed (commandline -opc)
  set -e typed[1]
  for word in $typed
    if test -n "$value"
      set value
      continue
    end
    switch "$at $word"
      case ${anyOf(flags, ' ')}
        set value yes
      case ${anyOf(steps(places), ' ')}
        set at (string trim "$at $word")
    end
  end
  test "$at" = "$argv"
end
${offers.join('\n')}`;
}
