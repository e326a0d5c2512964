/** rollover get, list, cancel, delete: generations that are there. */
import { GENERATION_STATUSES, type GenerationStatus } from '../../contract/generation.ts'
import type { GenerationQuery } from '../generations.ts'
import { type Command, EXIT, onlyArgument, show, UsageError } from './command.ts'
import { saveImages } from './save-images.ts'
import { generationLines, reward, table } from './text.ts'

const ID = 'id of a generation'

export const get: Command = {
  words: 'get',
  summary: 'Show a generation; save its images where asked',
  takes: 'ID',
  options: { out: { type: 'string', short: 'o', value: 'PATH', summary: 'save the images there' } },
  run: async (terminal, given) => {
    const client = await terminal.client()
    const { signal } = terminal
    const generation = await client.get(onlyArgument(given, ID), { signal })
    const out = given.text('out')
    const files = out === undefined ? [] : await saveImages(client, generation, { out, signal })
    show(terminal, { ...generation, files }, () => generationLines(generation, files))
    return EXIT.ok
  },
}

const isStatus = (text: string): text is GenerationStatus => (GENERATION_STATUSES as readonly string[]).includes(text)

export const list: Command = {
  words: 'list',
  summary: 'List generations, newest first',
  options: {
    limit: { type: 'string', value: 'N', summary: 'most of one page (20)' },
    cursor: { type: 'string', value: 'CURSOR', summary: 'go on where a page ended' },
    status: { type: 'string', value: 'STATUS', summary: 'only these', choices: GENERATION_STATUSES },
  },
  run: async (terminal, given) => {
    const [limit, cursor, status] = [given.number('limit'), given.text('cursor'), given.text('status')]
    if (status !== undefined && !isStatus(status))
      throw new UsageError(`--status takes one of ${GENERATION_STATUSES.join(', ')}`)
    const query: GenerationQuery = {
      ...(limit !== undefined && { limit }),
      ...(cursor !== undefined && { cursor }),
      ...(status !== undefined && { status }),
    }
    const page = await (await terminal.client()).list(query, { signal: terminal.signal })
    show(terminal, page, ({ data, next_cursor }) => [
      ...table(
        ['ID', 'STATUS', 'NFES', 'REWARD', 'CREATED', 'PROMPT'],
        data.map(({ id, status: state, usage, result, created_at, prompt }) => [
          id,
          state,
          `${usage.nfe_used}/${usage.nfe_held}`,
          reward(result?.reward),
          created_at,
          prompt,
        ]),
      ),
      ...(next_cursor === null ? [] : [`more: rollover list --cursor ${next_cursor}`]),
    ])
    return EXIT.ok
  },
}

export const cancel: Command = {
  words: 'cancel',
  summary: 'Cancel a generation; its best so far is delivered, and what was used is charged',
  takes: 'ID',
  run: async (terminal, given) => {
    const client = await terminal.client()
    const generation = await client.cancel(onlyArgument(given, ID), { signal: terminal.signal })
    show(terminal, generation, ({ id, status }) => [
      status === 'canceled' ? `${id}  canceled` : `${id}  ${status}, ends within moments`,
    ])
    return EXIT.ok
  },
}

export const remove: Command = {
  words: 'delete',
  summary: 'Delete an ended generation with its images',
  takes: 'ID',
  run: async (terminal, given) => {
    const id = onlyArgument(given, ID)
    await (await terminal.client()).delete(id, { signal: terminal.signal })
    show(terminal, { id, deleted: true }, () => [`${id}  deleted`])
    return EXIT.ok
  },
}
