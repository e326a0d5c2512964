/** rollover completion bash|zsh|fish: scripts made from the table of commands, so that they know every option there is. */
import { type Command, EXIT, type Option, onlyArgument, UsageError } from './command.ts'
import { GLOBAL_OPTIONS } from './read-arguments.ts'

/** @param commands asked for late, since this command is one of them. */
export const completion = (commands: () => readonly Command[]): Command => ({
  words: 'completion',
  summary: 'Print a completion script: eval "$(rollover completion bash)"',
  takes: 'bash|zsh|fish',
  run: async (terminal, given) => {
    const shell = onlyArgument(given, `shell (${Object.keys(SHELLS).join(', ')})`)
    const script = SHELLS[shell]
    if (script === undefined) throw new UsageError(`there is no completion for ${shell}`)
    terminal.say(script(commands()))
    return EXIT.ok
  },
})

const optionsOf = ({ options = {} }: Command): [string, Option][] =>
  Object.entries<Option>({ ...options, ...GLOBAL_OPTIONS })

/** What may follow a path of words: '' -> first words, 'keys' -> list issue ..., 'generate' -> its options. */
const nextWords = (commands: readonly Command[]): [string, string[]][] => {
  const firsts = [...new Set(commands.map(({ words }) => words.split(' ')[0] ?? ''))]
  const groups = firsts.map((first): [string, string[]] => [
    first,
    commands.flatMap(({ words }) => (words.startsWith(`${first} `) ? [words.slice(first.length + 1)] : [])),
  ])
  return [['', firsts], ...groups.filter(([, seconds]) => seconds.length > 0)]
}

const choicesOf = (commands: readonly Command[]): [string, readonly string[]][] =>
  commands.flatMap((command) =>
    optionsOf(command).flatMap(([name, { choices }]): [string, readonly string[]][] =>
      choices === undefined ? [] : [[`${command.words} --${name}`, choices]],
    ),
  )

/** One function for both shells: zsh reads bash's completions by its own bashcompinit. */
const bash = (commands: readonly Command[]): string => {
  const line = (path: string, words: readonly string[]) => `    '${path}') candidates='${words.join(' ')}' ;;`
  return `_rollover() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path='' candidates='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case "$path" in *' '*) ;; '') path="$word" ;; ${nextWords(commands)
      .slice(1)
      .map(([group]) => group)
      .join('|')}) path="$path $word" ;; esac ;; esac
  done
  case "$path $previous" in
${choicesOf(commands)
  .map(([path, words]) => line(path, words))
  .join('\n')}
    *--out|*-o) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [ -z "$candidates" ]; then case "$path" in
${nextWords(commands)
  .map(([path, words]) => line(path, words))
  .join('\n')}
${commands
  .map((command) =>
    line(
      command.words,
      optionsOf(command).map(([name]) => `--${name}`),
    ),
  )
  .join('\n')}
  esac; fi
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -F _rollover rollover`
}

const zsh = (commands: readonly Command[]): string => `autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${bash(commands)}`

const fish = (commands: readonly Command[]): string => {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`
  const groups = nextWords(commands).slice(1)
  const after = (words: string) =>
    words
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ')
  return [
    'complete -c rollover -f',
    ...commands.map(({ words, summary }) => {
      const [first = '', second] = words.split(' ')
      if (second === undefined) return `complete -c rollover -n __fish_use_subcommand -a ${first} -d ${quoted(summary)}`
      return `complete -c rollover -n ${quoted(after(first))} -a ${second} -d ${quoted(summary)}`
    }),
    ...groups.map(
      ([group, seconds]) =>
        `complete -c rollover -n __fish_use_subcommand -a ${group} -d ${quoted(seconds.join(', '))}`,
    ),
    ...commands.flatMap((command) =>
      optionsOf(command).map(([name, { short, type, choices, summary }]) =>
        [
          `complete -c rollover -n ${quoted(after(command.words))} -l ${name}`,
          ...(short === undefined ? [] : [`-s ${short}`]),
          ...(type === 'string' ? [choices === undefined ? '-r' : `-x -a ${quoted(choices.join(' '))}`] : []),
          `-d ${quoted(summary)}`,
        ].join(' '),
      ),
    ),
  ].join('\n')
}

const SHELLS: Readonly<Record<string, (commands: readonly Command[]) => string>> = { bash, zsh, fish }
