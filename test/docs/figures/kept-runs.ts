/** The runs that the figures are drawn from, kept as files: what was asked, what came out, and the whole trace. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { SEARCH_NAMES } from '../../../shared/contract/search-names.ts'
import { sha256Schema, type TraceLine, traceLineSchema } from '../../../shared/contract/trace.ts'

export const FIGURES_FOLDER = new URL('../../../docs/figures/', import.meta.url)
export const IMAGES_FOLDER = new URL('../../../docs/images/', import.meta.url)

/** What is asked of each kept run. */
export const ASKED = {
  rollover: { search: 'rbf', prompt: 'seven turtles, seven ducks, and seven rabbits', nfe: 200, seed: 7 },
  paper: { search: 'rbf-paper', prompt: 'eight strawberries, eight apples, and eight frogs', nfe: 500, seed: 7 },
  'best-of-n': { search: 'best-of-n', prompt: 'eight strawberries, eight apples, and eight frogs', nfe: 400, seed: 7 },
  rbf: { search: 'rbf', prompt: 'eight strawberries, eight apples, and eight frogs', nfe: 400, seed: 7 },
  adaptive: { search: 'adaptive', prompt: 'eight strawberries, eight apples, and eight frogs', nfe: 400, seed: 7 },
} as const satisfies Record<string, Asked>
export type RunName = keyof typeof ASKED

export interface Asked {
  readonly search: (typeof SEARCH_NAMES)[number]
  readonly prompt: string
  readonly nfe: number
  readonly seed: number
}

const keptRunSchema = z.strictObject({
  search: z.enum(SEARCH_NAMES),
  prompt: z.string(),
  nfe: z.number().int(),
  seed: z.number().int(),
  nfe_used: z.number().int(),
  reward: z.number(),
  exact: z.boolean(),
  trace_sha256: sha256Schema,
})

const names = Object.keys(ASKED) as [RunName, ...RunName[]]

export const keptRunsSchema = z.strictObject({
  pack: z.strictObject({
    name: z.string(),
    version: z.string(),
    price_micro_usd_per_nfe: z.number().int(),
  }),
  runs: z.record(z.enum(names), keptRunSchema),
})
export type KeptRuns = z.infer<typeof keptRunsSchema>
export type KeptRun = z.infer<typeof keptRunSchema>

export const traceUrl = (name: RunName): URL => new URL(`${name}.jsonl`, FIGURES_FOLDER)

export interface Kept extends KeptRuns {
  readonly traces: Readonly<Record<RunName, readonly TraceLine[]>>
}

export const readKept = async (): Promise<Kept> => {
  const kept = keptRunsSchema.parse(JSON.parse(await readFile(new URL('runs.json', FIGURES_FOLDER), 'utf8')))
  const traces = await Promise.all(
    names.map(async (name) => {
      const lines = (await readFile(traceUrl(name), 'utf8')).split('\n').filter(Boolean)
      return [name, lines.map((each) => traceLineSchema.parse(JSON.parse(each)))] as const
    }),
  )
  return { ...kept, traces: Object.fromEntries(traces) as Record<RunName, TraceLine[]> }
}

/** What stands below a figure. */
export const sourceOf = ({ pack }: KeptRuns, { search, prompt, nfe, seed }: Asked): string =>
  `${search}, ${nfe} NFEs, "${prompt}", seed ${seed}, pack ${pack.name} ${pack.version}`
