/** What a command of the CLI is, what it is given, and what it may reach. */
import type { RolloverAdmin } from '../admin.ts'
import type { Rollover } from '../client.ts'

/** Exit codes, the same for every command. */
export const EXIT = {
  ok: 0,
  /** The generation failed, expired or was canceled, or what was downloaded is damaged. */
  failed: 1,
  /** The command line is wrong, or there is no key. */
  usage: 2,
  /** The API refused the request. */
  refused: 3,
  /** The API did not answer. */
  unreachable: 4,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly summary: string
  /** What stands for the value in the help, such as N. */
  readonly value?: string
  readonly short?: string
  /** May be given several times. */
  readonly multiple?: boolean
  /** What completion offers. */
  readonly choices?: readonly string[]
}

export interface Command {
  /** One or two words. */
  readonly words: string
  readonly summary: string
  /** Arguments beside the options, as the help shows them. */
  readonly takes?: string
  readonly options?: Readonly<Record<string, Option>>
  /** Resolves with the exit code. */
  run(terminal: Terminal, given: Given): Promise<number>
}

/** A command line that was read: options by the names the command declared. */
export interface Given {
  readonly positionals: readonly string[]
  text(name: string): string | undefined
  texts(name: string): readonly string[]
  flag(name: string): boolean
  /** Throws UsageError for what is no number. */
  number(name: string): number | undefined
}

/** Everything outside the process, made by cli.ts. */
export interface Terminal {
  /** Whether answers are shown as JSON. */
  readonly json: boolean
  /** Whether somebody looks at stderr: a bar is drawn there. */
  readonly interactive: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where login keeps the key. */
  readonly configPath: string
  /** Aborted at Ctrl-C. */
  readonly signal: AbortSignal
  readonly now: () => number
  /** A line of the answer. */
  say(line: string): void
  /** A line beside the answer: progress, warnings. */
  note(line: string): void
  /** Draws over the last line. */
  draw(text: string): void
  /** One line of stdin, not shown as it is typed. */
  ask(question: string): Promise<string>
  client(): Promise<Rollover>
  admin(): Promise<RolloverAdmin>
}

/** A command line that cannot be meant. */
export class UsageError extends Error {}

/** Shows an answer: as it is with `--json`, otherwise in lines. */
export const show = <Answer>(
  terminal: Terminal,
  answer: Answer,
  lines: (answer: Answer) => readonly string[],
): void => {
  if (terminal.json) terminal.say(JSON.stringify(answer))
  else for (const line of lines(answer)) terminal.say(line)
}

/** The one argument a command takes. */
export const onlyArgument = ({ positionals }: Given, what: string): string => {
  const [first, ...rest] = positionals
  if (first === undefined || rest.length > 0) throw new UsageError(`one ${what} is needed`)
  return first
}

/** The fields that the command line has a value for: what is left out is the API's to decide. */
export const said = <Fields extends Readonly<Record<string, unknown>>>(fields: Fields): Said<Fields> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Said<Fields>

export type Said<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> }
