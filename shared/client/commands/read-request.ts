/** What is asked for, from the options of generate, quote and extend. The API says what is wrong with a value; here only what has no form is. */
import { OUTPUT_FORMATS } from '../../contract/output.ts'
import { PRIORITIES } from '../../contract/priority.ts'
import { SEARCH_NAMES } from '../../contract/search-names.ts'
import type { Extension, NewGeneration } from '../generations.ts'
import { type Command, type Given, said, UsageError } from './command.ts'
import { readReward } from './read-reward.ts'

export const DEFAULT_NFE = 300

/** Terms that an extension may set anew. */
export const termOptions = {
  target: { type: 'string', value: 'REWARD', summary: 'stop at this reward and be refunded the rest' },
  priority: { type: 'string', value: 'NAME', summary: 'low waits and costs less', choices: PRIORITIES },
  deadline: { type: 'string', value: 'SECONDS', summary: 'stop then, with the best so far' },
  'start-ttl': { type: 'string', value: 'SECONDS', summary: 'expire, free, unless it has begun by then' },
  retention: { type: 'string', value: 'SECONDS', summary: 'delete images, trace and prompt so long after the end' },
  metadata: { type: 'string', value: 'KEY=VALUE', multiple: true, summary: 'yours: shown with it and in its events' },
  webhook: { type: 'string', value: 'URL', summary: 'where to announce the end' },
} as const satisfies Command['options']

/** The same for generate and quote. */
export const requestOptions = {
  nfe: { type: 'string', value: 'N', summary: `most NFEs to spend (${DEFAULT_NFE})` },
  seed: { type: 'string', value: 'N', summary: 'the same request and seed give the same image' },
  pack: { type: 'string', value: 'NAME', summary: 'what draws (see rollover packs)' },
  search: { type: 'string', value: 'NAME', summary: 'how it searches', choices: SEARCH_NAMES },
  reward: {
    type: 'string',
    value: 'NAME',
    multiple: true,
    summary: 'what to maximise (see rollover packs), or the https URL of a scoring server; NAME=WEIGHT for a sum',
  },
  count: {
    type: 'string',
    value: 'THING=N',
    multiple: true,
    summary: 'what to count, when the prompt does not say it',
  },
  outputs: { type: 'string', value: 'N', summary: 'images wanted, best first (1)' },
  format: {
    type: 'string',
    value: 'FORMAT',
    summary: 'png of an image, svg of a path unless said',
    choices: OUTPUT_FORMATS,
  },
  previews: { type: 'boolean', summary: 'let whoever watches it live see its images' },
  ...termOptions,
} as const satisfies Command['options']

export const readRequest = (given: Given): NewGeneration => {
  const prompt = given.positionals.join(' ').trim()
  if (prompt === '') throw new UsageError('a prompt is needed')
  return {
    prompt,
    ...said({
      seed: given.number('seed'),
      pack: given.text('pack'),
      search: given.text('search'),
      n_outputs: given.number('outputs'),
      format: given.text('format'),
      previews: given.flag('previews') || undefined,
      reward: readReward(given.texts('reward'), readCounts(given.texts('count'))),
    }),
    ...readExtension(given),
  } as NewGeneration
}

export const readExtension = (given: Given): Extension =>
  ({
    nfe_budget: given.number('nfe') ?? DEFAULT_NFE,
    ...said({
      target_reward: given.number('target'),
      priority: given.text('priority'),
      deadline_seconds: given.number('deadline'),
      start_ttl_seconds: given.number('start-ttl'),
      retention_seconds: given.number('retention'),
      metadata: readMetadata(given.texts('metadata')),
      webhook_url: given.text('webhook'),
    }),
  }) as Extension

const readCounts = (texts: readonly string[]): Record<string, number> | undefined =>
  readPairs(texts, /^(.+)=(\d+)$/, '--count takes THING=N', Number)

/** A value may itself have an equals sign. */
const readMetadata = (texts: readonly string[]): Record<string, string> | undefined =>
  readPairs(texts, /^([^=]+)=(.*)$/s, '--metadata takes KEY=VALUE', String)

const readPairs = <Value>(
  texts: readonly string[],
  pattern: RegExp,
  takes: string,
  read: (text: string) => Value,
): Record<string, Value> | undefined => {
  if (texts.length === 0) return undefined
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = pattern.exec(text) ?? []
      if (name === undefined || value === undefined) throw new UsageError(`${takes}, not ${text}`)
      return [name, read(value)]
    }),
  )
}
