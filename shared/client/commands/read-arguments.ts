/** From a command line to a command and what it was given; and the help, from the same table. */
import { parseArgs } from 'node:util'
import { type Command, EXIT, type Given, type Option, UsageError } from './command.ts'

/** Taken by every command. */
export const GLOBAL_OPTIONS = {
  json: { type: 'boolean', summary: 'answers as JSON, one a line' },
  help: { type: 'boolean', short: 'h', summary: 'show this' },
} as const satisfies Record<string, Option>

export interface ReadArguments {
  readonly command: Command
  readonly given: Given
}

/** The command whose words the line begins with; two words are looked for before one. */
export const findCommand = (commands: readonly Command[], typed: readonly string[]): Command | undefined => {
  const line = wordsFirst(typed)
  return [2, 1].flatMap((count) => commands.filter(({ words }) => words === line.slice(0, count).join(' ')))[0]
}

/** `rollover --json list` is `rollover list --json`: options that every command takes may come first. */
const wordsFirst = (line: readonly string[]): string[] => {
  const first = line.findIndex((word) => !word.startsWith('-'))
  return first < 0 ? [...line] : [...line.slice(first), ...line.slice(0, first)]
}

/** Throws UsageError for a command or an option that is not there. */
export const readArguments = (commands: readonly Command[], typed: readonly string[]): ReadArguments => {
  const line = wordsFirst(typed)
  const command = findCommand(commands, line)
  if (command === undefined) throw new UsageError(noCommand(commands, line))
  const options = { ...command.options, ...GLOBAL_OPTIONS }
  const { values, positionals } = parse(command, line.slice(command.words.split(' ').length), options)
  const textsOf = (name: string): readonly string[] => {
    const value = values[name]
    return value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String)
  }
  const text = (name: string): string | undefined => textsOf(name).at(-1)
  return {
    command,
    given: {
      positionals,
      text,
      texts: textsOf,
      flag: (name) => values[name] === true,
      number: (name) => {
        const found = text(name)
        if (found === undefined) return undefined
        const value = Number(found)
        if (found.trim() === '' || !Number.isFinite(value))
          throw new UsageError(`--${name} takes a number, not ${found}`)
        return value
      },
    },
  }
}

const noCommand = (commands: readonly Command[], [first]: readonly string[]): string => {
  if (first === undefined) return 'a command is needed'
  const group = commands.filter(({ words }) => words.startsWith(`${first} `)).map(({ words }) => words)
  return group.length > 0 ? `it is one of: ${group.join(', ')}` : `there is no command ${first}`
}

const parse = (command: Command, args: readonly string[], options: Readonly<Record<string, Option>>) => {
  const known = Object.entries(options).map(([name, { type, short, multiple }]) => [
    name,
    { type, ...(short !== undefined && { short }), ...(multiple !== undefined && { multiple }) },
  ])
  try {
    return parseArgs({
      args: joinNegatives(args, options),
      allowPositionals: command.takes !== undefined,
      options: Object.fromEntries(known) as Record<string, { type: 'string' | 'boolean' }>,
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** `--target -0.5` reads as parseArgs wants it, `--target=-0.5`: a reward is usually below zero. */
const joinNegatives = (args: readonly string[], options: Readonly<Record<string, Option>>): string[] => {
  const joined: string[] = []
  for (const arg of args) {
    const before = joined.at(-1)
    if (/^-\.?\d/.test(arg) && before?.startsWith('--') && options[before.slice(2)]?.type === 'string')
      joined[joined.length - 1] = `${before}=${arg}`
    else joined.push(arg)
  }
  return joined
}

const optionLine = ([name, { short, value, summary, choices }]: [string, Option]): [string, string] => [
  `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
  choices === undefined ? summary : `${summary}: ${choices.join(', ')}`,
]

const columns = (rows: readonly [string, string][]): string[] => {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}

/** The help of one command, or of all. */
export const helpLines = (commands: readonly Command[], command?: Command): string[] =>
  command === undefined
    ? [
        'Usage: rollover COMMAND [options]',
        '',
        ...columns(commands.map(({ words, takes, summary }) => [[words, takes].filter(Boolean).join(' '), summary])),
        '',
        'Every command takes --json and --help.',
        'The key is taken from ROLLOVER_API_KEY (and ROLLOVER_URL), or from rollover login;',
        'that of administration, for --account, from ROLLOVER_ADMIN_KEY or rollover login --admin-key.',
        '',
        'Exit codes:',
        ...columns(
          Object.entries(EXIT_MEANINGS).map(([name, meaning]) => [String(EXIT[name as keyof typeof EXIT]), meaning]),
        ),
      ]
    : [
        `Usage: rollover ${[command.words, command.takes, '[options]'].filter(Boolean).join(' ')}`,
        '',
        command.summary,
        '',
        ...columns(Object.entries<Option>({ ...command.options, ...GLOBAL_OPTIONS }).map(optionLine)),
      ]

const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done; a generation that was waited for succeeded',
  failed: 'the generation failed, expired or was canceled, or a download was damaged',
  usage: 'the command line is wrong, or there is no key',
  refused: 'the API refused the request',
  unreachable: 'the API did not answer',
  interrupted: 'ended by Ctrl-C',
}
