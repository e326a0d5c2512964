/** What happens to the machines: processes are killed, told to stop or frozen, the emulators die, a disk runs full. */
import { setTimeout as sleep } from 'node:timers/promises'
import { between, type Random } from '../../cdk/simulate/random.ts'
import type { ChaosStack, Killable } from './stack.ts'

export interface Accidents {
  /** SIGKILL and SIGTERM, the emulators' included. */
  kills: number
  /** SIGSTOP, and SIGCONT after the lease ran out. */
  freezes: number
  fullDisks: number
}

const EVERY_SECONDS = [1, 5] as const
const FROZEN_SECONDS = [2, 16] as const
const FULL_SECONDS = [3, 10] as const

/** While its last victim is not up again, the next accident waits, mostly, and so long: a busy machine must not be all start and no work. */
const IMPATIENCE = 0.2
const PATIENCE_MS = 5000
const LOOK_EVERY_MS = 100

/** One accident after the other until `over` aborts; resolves when the frozen are thawed and the disk is free. */
export const causeAccidents = async (stack: ChaosStack, random: Random, over: AbortSignal): Promise<Accidents> => {
  const counts: Accidents = { kills: 0, freezes: 0, fullDisks: 0 }
  const passing: Promise<unknown>[] = []
  let last: Killable | undefined
  while (!over.aborted) {
    await sleep(between(random, EVERY_SECONDS) * 1000)
    const until = Date.now() + (random() < IMPATIENCE ? 0 : PATIENCE_MS)
    while (!over.aborted && last?.isReady() === false && Date.now() < until) await sleep(LOOK_EVERY_MS)
    const part = stack.parts[Math.floor(random() * stack.parts.length)]
    const what = random()
    if (part === undefined) continue
    last = part
    if (what < 0.08 && signal(part, 'SIGSTOP')) {
      counts.freezes++
      passing.push(sleep(between(random, FROZEN_SECONDS) * 1000).then(() => signal(part, 'SIGCONT')))
    } else if (what < 0.12 && stack.disk !== undefined) {
      counts.fullDisks++
      await stack.disk.fill()
      passing.push(sleep(between(random, FULL_SECONDS) * 1000).then(stack.disk.free))
    } else if (what < 0.16) counts.kills += signal(stack.emulators, 'SIGKILL') ? 1 : 0
    // Mostly as a machine that loses power, sometimes as one that is told before.
    else counts.kills += signal(part, random() < 0.75 ? 'SIGKILL' : 'SIGTERM') ? 1 : 0
  }
  await Promise.all(passing)
  return counts
}

/** False when it has just ended by itself. A frozen process that was killed meanwhile is another by now: thawing that is nothing. */
const signal = ({ pid }: Killable, name: NodeJS.Signals): boolean => {
  const id = pid()
  try {
    return id !== undefined && process.kill(id, name)
  } catch {
    return false
  }
}
