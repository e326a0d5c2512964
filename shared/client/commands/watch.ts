/** rollover watch: follows a generation to its end and saves its images where asked. */
import { type Command, EXIT, onlyArgument, show } from './command.ts'
import { follow } from './follow.ts'
import { saveImages } from './save-images.ts'
import { generationLines } from './text.ts'

export const watch: Command = {
  words: 'watch',
  summary: 'Follow a generation to its end, step by step',
  takes: 'ID',
  options: { out: { type: 'string', short: 'o', value: 'PATH', summary: 'save the images there' } },
  run: async (terminal, given) => {
    const client = await terminal.client()
    const { signal } = terminal
    const started = await client.get(onlyArgument(given, 'id of a generation'), { signal })
    const generation = await follow(terminal, client, { generation: started, lines: true })
    const out = given.text('out')
    const files = out === undefined ? [] : await saveImages(client, generation, { out, signal })
    show(terminal, { ...generation, files }, () => generationLines(generation, files))
    return generation.status === 'succeeded' ? EXIT.ok : EXIT.failed
  },
}
