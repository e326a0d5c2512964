/** rollover generate, extend, quote: a prompt becomes a saved image. */
import { type Generation, IMAGE_FORMATS } from '../../contract/generation.ts'
import { SEARCH_NAMES } from '../../contract/search-names.ts'
import type { NewGeneration } from '../generations.ts'
import { type Command, EXIT, type Given, onlyArgument, show, type Terminal, UsageError } from './command.ts'
import { follow } from './follow.ts'
import { readReward } from './read-reward.ts'
import { saveImages } from './save-images.ts'
import { generationLines, quoteLines } from './text.ts'

export const DEFAULT_NFE = 300

/** Options that say what is asked for: the same for generate and quote. */
export const requestOptions = {
  nfe: { type: 'string', value: 'N', summary: `most NFEs to spend (${DEFAULT_NFE})` },
  seed: { type: 'string', value: 'N', summary: 'the same request and seed give the same image' },
  pack: { type: 'string', value: 'NAME', summary: 'what draws (see rollover packs)' },
  search: { type: 'string', value: 'NAME', summary: 'how it searches', choices: SEARCH_NAMES },
  target: { type: 'string', value: 'REWARD', summary: 'stop at this reward and be refunded the rest' },
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
  format: { type: 'string', value: 'FORMAT', summary: 'png unless said', choices: IMAGE_FORMATS },
  deadline: { type: 'string', value: 'SECONDS', summary: 'stop then, with the best so far' },
  webhook: { type: 'string', value: 'URL', summary: 'where to announce the end' },
} as const satisfies Command['options']

/** Options that say how the end is waited for: the same for generate and extend. */
const waitingOptions = {
  out: { type: 'string', short: 'o', value: 'PATH', summary: 'file or folder of the image' },
  watch: { type: 'boolean', short: 'w', summary: 'show every step of the search instead of a bar' },
  'no-wait': { type: 'boolean', summary: 'return as soon as it is accepted' },
} as const satisfies Command['options']

export const generate: Command = {
  words: 'generate',
  summary: 'Generate an image and save it',
  takes: 'PROMPT ...',
  options: { ...requestOptions, ...waitingOptions },
  run: async (terminal, given) => {
    const client = await terminal.client()
    return seeThrough(terminal, given, await client.create(readRequest(given), { signal: terminal.signal }))
  },
}

export const extend: Command = {
  words: 'extend',
  summary: 'Go on with a search that has ended, and save the better image',
  takes: 'ID',
  options: {
    nfe: { type: 'string', value: 'N', summary: `NFEs on top (${DEFAULT_NFE})` },
    target: requestOptions.target,
    deadline: requestOptions.deadline,
    ...waitingOptions,
  },
  run: async (terminal, given) => {
    const client = await terminal.client()
    const [target, deadline] = [given.number('target'), given.number('deadline')]
    const extension = {
      nfe_budget: given.number('nfe') ?? DEFAULT_NFE,
      ...(target !== undefined && { target_reward: target }),
      ...(deadline !== undefined && { deadline_seconds: deadline }),
    }
    const id = onlyArgument(given, 'id of a generation')
    return seeThrough(terminal, given, await client.extend(id, extension, { signal: terminal.signal }))
  },
}

export const quote: Command = {
  words: 'quote',
  summary: 'Show what a generation would cost at most; nothing is held',
  takes: 'PROMPT ...',
  options: requestOptions,
  run: async (terminal, given) => {
    const found = await (await terminal.client()).quote(readRequest(given), { signal: terminal.signal })
    show(terminal, found, quoteLines)
    return EXIT.ok
  },
}

/** Follows what was accepted to its end and saves its images. */
const seeThrough = async (terminal: Terminal, given: Given, accepted: Generation): Promise<number> => {
  if (given.flag('no-wait')) {
    show(terminal, accepted, ({ id, status }) => [`${id}  ${status}`])
    return EXIT.ok
  }
  const { signal } = terminal
  if (!terminal.json) terminal.note(`${accepted.id}  ${accepted.usage.nfe_held} NFEs held`)
  const onInterrupt = () =>
    terminal.note(`It goes on: rollover watch ${accepted.id}, or rollover cancel ${accepted.id}`)
  signal.addEventListener('abort', onInterrupt, { once: true })
  const client = await terminal.client()
  const generation = await follow(terminal, client, { generation: accepted, lines: given.flag('watch') })
  const files = await saveImages(client, generation, { out: given.text('out'), signal })
  signal.removeEventListener('abort', onInterrupt)
  show(terminal, { ...generation, files }, () => generationLines(generation, files))
  return generation.status === 'succeeded' ? EXIT.ok : EXIT.failed
}

/** The body of the request. The API says what is wrong with its values; here only what is no number is. */
export const readRequest = (given: Given): NewGeneration => {
  const prompt = given.positionals.join(' ').trim()
  if (prompt === '') throw new UsageError('a prompt is needed')
  const request = {
    prompt,
    nfe_budget: given.number('nfe') ?? DEFAULT_NFE,
    seed: given.number('seed'),
    pack: given.text('pack'),
    search: given.text('search'),
    target_reward: given.number('target'),
    n_outputs: given.number('outputs'),
    format: given.text('format'),
    deadline_seconds: given.number('deadline'),
    webhook_url: given.text('webhook'),
    reward: readReward(given.texts('reward'), readCounts(given.texts('count'))),
  }
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as NewGeneration
}

const readCounts = (pairs: readonly string[]): Record<string, number> | undefined => {
  if (pairs.length === 0) return undefined
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, thing, count] = /^(.+)=(\d+)$/.exec(pair) ?? []
      if (thing === undefined) throw new UsageError(`--count takes THING=N, not ${pair}`)
      return [thing, Number(count)]
    }),
  )
}
