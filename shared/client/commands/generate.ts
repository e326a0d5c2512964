/** rollover generate, extend, quote: a prompt becomes a saved image. */
import type { Generation } from '../../contract/generation.ts'
import { type Command, EXIT, type Given, onlyArgument, show, type Terminal } from './command.ts'
import { follow } from './follow.ts'
import { DEFAULT_NFE, readExtension, readRequest, requestOptions, termOptions } from './read-request.ts'
import { saveImages } from './save-images.ts'
import { generationLines, quoteLines } from './text.ts'

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
    ...termOptions,
    ...waitingOptions,
  },
  run: async (terminal, given) => {
    const client = await terminal.client()
    const id = onlyArgument(given, 'id of a generation')
    return seeThrough(terminal, given, await client.extend(id, readExtension(given), { signal: terminal.signal }))
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
