/** Follows a generation to its end, in a bar or line by line. */

import type { Generation } from '../../contract/generation.ts'
import type { Rollover } from '../client.ts'
import type { LiveEvent } from '../stream.ts'
import type { Terminal } from './command.ts'
import { progressBar, reward } from './text.ts'

/**
 * The generation once it has ended.
 * @param lines every event as a line of the answer (as JSON with `--json`); otherwise a bar where somebody looks.
 */
export const follow = async (
  terminal: Terminal,
  client: Rollover,
  on: { generation: Generation; lines: boolean },
): Promise<Generation> => {
  const { id, usage } = on.generation
  const options = { signal: terminal.signal }
  for await (const event of client.stream(id, options)) {
    if (on.lines) terminal.say(terminal.json ? JSON.stringify(event) : eventLine(event, usage.nfe_held))
    else if (!terminal.json && terminal.interactive) terminal.draw(barOf(event, usage.nfe_held))
  }
  if (!on.lines && !terminal.json && terminal.interactive) terminal.draw('')
  // The event of the end carries no image; a generation that ends is settled a moment later.
  return client.wait(id, options)
}

const barOf = (event: LiveEvent, nfeHeld: number): string =>
  event.type === 'progress' ? progressBar(event.data, nfeHeld) : event.data.status

const eventLine = (event: LiveEvent, nfeHeld: number): string => {
  if (event.type !== 'progress') return `${event.type === 'status' ? '' : 'ended: '}${event.data.status}`
  const { nfe_used, step, steps, best_reward, quota, rolled_over } = event.data
  return `step ${step}/${steps}  ${nfe_used}/${nfeHeld} NFEs  best reward ${reward(best_reward)}  quota ${quota}  rolled over ${rolled_over}`
}
