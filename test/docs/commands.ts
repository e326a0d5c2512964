/** The commands that a text names: whether there are such, with such options. */
import { glob, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { COMMANDS } from '../../shared/client/commands/commands.ts'
import { findCommand, GLOBAL_OPTIONS } from '../../shared/client/commands/read-arguments.ts'
import { ROOT } from './documents.ts'

const packageSchema = z.looseObject({ scripts: z.record(z.string(), z.string()) })
const { scripts } = packageSchema.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')))

/** Sentences about the commands of a line that cannot be run as they stand; empty when all is well. */
export const faultsOfCommands = async (line: string): Promise<string[]> => {
  const npm = [...line.matchAll(/\bnpm (?:run |)(start|test|[\w:-]+)(?: -- ([^|#;&]*))?/g)]
  const faults = await Promise.all(
    npm
      .filter(([text, name = '']) => text.startsWith('npm run ') || ['start', 'test'].includes(name))
      .map(([, name = '', rest = '']) => faultsOfScript(name, optionsOf(rest))),
  )
  const rollover = [...line.matchAll(/(?:^|npx )rollover ([a-z][^|#;&`)]*)/g)]
  return [...faults.flat(), ...rollover.flatMap(([, rest = '']) => faultsOfRollover(rest))]
}

const optionsOf = (text: string): string[] =>
  [...text.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map(([, name]) => name ?? '')

/** An option counts as known when the script's own folder names it. */
const faultsOfScript = async (name: string, options: readonly string[]): Promise<string[]> => {
  const script = scripts[name]
  if (script === undefined) return [`there is no npm run ${name}`]
  const entry = /\S+\.ts/.exec(script)?.[0]
  if (entry === undefined || options.length === 0) return []
  let source = await readFile(join(ROOT, entry), 'utf8')
  // What it hands on to another program is for that program to know.
  if (/\.\.\.process\.argv\.slice\(2\)\]|\.\.\.rest/.test(source)) return []
  for await (const path of glob(join(dirname(entry), '**/*.ts'), { cwd: ROOT }))
    source += await readFile(join(ROOT, path), 'utf8')
  return options
    .filter((option) => !new RegExp(`--${option}\\b|\\b${option}:|'${option}'`).test(source))
    .map((option) => `npm run ${name} knows no --${option}`)
}

const faultsOfRollover = (rest: string): string[] => {
  const words = rest.split(/\s+/)
  if (words[0] === 'help') return []
  const command = findCommand(COMMANDS, words)
  if (command === undefined) return [`there is no rollover ${rest}`]
  const known = new Set(Object.keys({ ...command.options, ...GLOBAL_OPTIONS }))
  return optionsOf(rest)
    .filter((option) => !known.has(option))
    .map((option) => `rollover ${command.words} knows no --${option}`)
}
