/** The command `rollover`: reads the command line, runs one command of commands/, and ends with its exit code. */
import { homedir } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { rolloverAdmin } from './admin.ts'
import { Rollover } from './client.ts'
import { type Command, EXIT, type Terminal, UsageError } from './commands/command.ts'
import { COMMANDS } from './commands/commands.ts'
import { configPathOf, readConfig } from './commands/config-file.ts'
import { findCommand, helpLines, readArguments } from './commands/read-arguments.ts'
import { RolloverChecksumError, RolloverConnectionError, RolloverError } from './errors.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const environment = process.env
const configPath = configPathOf(environment, homedir())

const main = async (line: readonly string[]): Promise<number> => {
  const json = line.includes('--json')
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort(new Error('interrupted')))
  process.once('SIGTERM', () => interrupt.abort(new Error('interrupted')))
  const terminal = makeTerminal(json, interrupt.signal)
  try {
    const wantsHelp = line.includes('--help') || line.includes('-h') || line[0] === 'help'
    if (line.length === 0 || wantsHelp) {
      const command = findCommand(COMMANDS, line[0] === 'help' ? line.slice(1) : line)
      for (const each of helpLines(COMMANDS, command)) terminal.say(each)
      return EXIT.ok
    }
    const { command, given } = readArguments(COMMANDS, line)
    return await command.run(terminal, given)
  } catch (error) {
    // A second Ctrl-C must not find the bar of the first one.
    terminal.draw('')
    if (interrupt.signal.aborted) return EXIT.interrupted
    explain(terminal, error, findCommand(COMMANDS, line))
    return exitCodeOf(error)
  }
}

const makeTerminal = (json: boolean, signal: AbortSignal): Terminal => {
  const interactive = process.stderr.isTTY === true
  let drawn = false
  const draw = (text: string) => {
    if (!interactive) return
    if (text !== '' || drawn) process.stderr.write(`\r\u001b[K${text}`)
    drawn = text !== ''
  }
  const connection = async () => {
    const kept = await readConfig(configPath)
    return { baseUrl: environment['ROLLOVER_URL'] ?? kept?.url, kept }
  }
  const needed = (value: string | undefined, what: string): string => {
    if (value === undefined) throw new UsageError(`${what} is needed: run "rollover login", or see "rollover help"`)
    return value
  }
  return {
    json,
    interactive,
    environment,
    configPath,
    signal,
    now: Date.now,
    say: (text) => {
      draw('')
      process.stdout.write(`${text}\n`)
    },
    note: (text) => {
      draw('')
      process.stderr.write(`${text}\n`)
    },
    draw,
    ask: (question) => askHidden(question, signal),
    client: async () => {
      const { baseUrl, kept } = await connection()
      const apiKey = needed(environment['ROLLOVER_API_KEY'] ?? kept?.api_key, 'an API key')
      return new Rollover({ apiKey, baseUrl: needed(baseUrl, 'the address of the API (ROLLOVER_URL)') })
    },
    admin: async () => {
      const { baseUrl, kept } = await connection()
      const apiKey = needed(environment['ROLLOVER_ADMIN_KEY'] ?? kept?.admin_key, 'the administration key')
      return rolloverAdmin({ apiKey, baseUrl: needed(baseUrl, 'the address of the API (ROLLOVER_URL)') })
    },
  }
}

/** What is typed is not shown: it is a key. */
const askHidden = async (question: string, signal: AbortSignal): Promise<string> => {
  process.stderr.write(question)
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY === true })
  try {
    return await reader.question('', { signal })
  } finally {
    reader.close()
    process.stderr.write('\n')
  }
}

const exitCodeOf = (error: unknown): number => {
  if (error instanceof UsageError) return EXIT.usage
  if (error instanceof RolloverError) return EXIT.refused
  if (error instanceof RolloverConnectionError) return EXIT.unreachable
  return EXIT.failed
}

/** On stderr: one JSON line with `--json`, the problem as the API told it where it did. */
const explain = (terminal: Terminal, error: unknown, command: Command | undefined): void => {
  const message = error instanceof Error ? error.message : String(error)
  if (terminal.json) {
    const problem = error instanceof RolloverError ? error.problem : undefined
    terminal.note(JSON.stringify({ error: problem ?? { code: codeOf(error), detail: message } }))
    return
  }
  terminal.note(`rollover: ${message}`)
  if (error instanceof RolloverError && error.errors.length > 1)
    for (const { pointer, detail } of error.errors) terminal.note(`  ${pointer || 'the request'}: ${detail}`)
  if (error instanceof UsageError) terminal.note(`See: rollover ${command ? `${command.words} ` : ''}--help`)
}

const codeOf = (error: unknown): string => {
  if (error instanceof UsageError) return 'usage'
  if (error instanceof RolloverConnectionError) return 'unreachable'
  if (error instanceof RolloverChecksumError) return 'damaged_download'
  return error instanceof RolloverError ? error.code : 'failed'
}

// Not process.exit: what was written to a pipe would be cut off.
process.exitCode = await main(process.argv.slice(2))
