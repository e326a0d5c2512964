/** rollover share: a link that shows generations without a key. */
import { MAX_SHARED } from '../../contract/share.ts'
import { type Command, EXIT, show, UsageError } from './command.ts'

export const share: Command = {
  words: 'share',
  summary: `Make a link that shows ended generations to whoever has it; several, up to ${MAX_SHARED}, are a comparison`,
  takes: 'ID ...',
  options: {
    expires: { type: 'string', value: 'SECONDS', summary: 'how long it works; it cannot be taken back (a week)' },
  },
  run: async (terminal, given) => {
    const generations = [...given.positionals]
    if (generations.length === 0) throw new UsageError('ids of generations are needed')
    const seconds = given.number('expires')
    const request = { generations, ...(seconds !== undefined && { expires_in_seconds: seconds }) }
    const made = await (await terminal.client()).share(request, { signal: terminal.signal })
    show(terminal, made, ({ url, expires_at }) => [url, `until ${expires_at}`])
    return EXIT.ok
  },
}
