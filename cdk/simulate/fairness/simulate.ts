/** A fleet of a fixed size for some hours, a hundred accounts, and one of them floods. */
import type { FleetReading } from '../../../shared/domain/admission.ts'
import { createRandom, type Random } from '../random.ts'
import type { Generation, Queue } from './queues.ts'

export interface Scene {
  readonly accounts: number
  readonly tasks: number
  readonly concurrency: number
  readonly secondsPerNfe: number
  readonly seconds: number
  /** What the other accounts ask for together, and what the flooding one asks for, as parts of what the fleet can do. */
  readonly othersLoad: number
  readonly floodLoad: number
  /** Most generations that one account may have open (MAX_HOLDS of the store). */
  readonly maxOpen: number
  /** The fleet is read so often: what is decided by is up to so old. */
  readonly readEverySeconds: number
  readonly seed: number
}

export const FLOODING = 'account-000'
const BUDGETS = [100, 250, 500, 1000] as const
const MEAN_NFE = BUDGETS.reduce<number>((sum, nfe) => sum + nfe, 0) / BUDGETS.length

/** What the fleet can do. */
export const generationsPerSecond = ({ tasks, secondsPerNfe }: Pick<Scene, 'tasks' | 'secondsPerNfe'>): number =>
  tasks / secondsPerNfe / MEAN_NFE

/** The same for every queue: by time. */
export const drawArrivals = (scene: Scene): Generation[] => {
  const random = createRandom(scene.seed)
  const perSecond = generationsPerSecond(scene)
  const others = Array.from({ length: scene.accounts - 1 }, (_, at) => `account-${String(at + 1).padStart(3, '0')}`)
  const quiet = drawTimes(random, scene, scene.othersLoad * perSecond).map((at) => ({
    at,
    account: pick(random, others),
  }))
  const loud = drawTimes(random, scene, scene.floodLoad * perSecond).map((at) => ({ at, account: FLOODING }))
  return [...quiet, ...loud]
    .toSorted((a, b) => a.at - b.at)
    .map((arrival, index) => ({ ...arrival, id: String(index).padStart(9, '0'), nfe: pick(random, BUDGETS) }))
}

const drawTimes = (random: Random, { seconds }: Scene, perSecond: number): number[] => {
  const times: number[] = []
  const pause = () => -Math.log(1 - random()) / perSecond
  for (let at = pause(); at < seconds; at += pause()) times.push(at)
  return times
}

const pick = <Thing>(random: Random, things: readonly Thing[]): Thing =>
  things[Math.floor(random() * things.length)] as Thing

/** Account -> seconds that each of its generations waited before it began. */
export type Waits = ReadonlyMap<string, readonly number[]>

/** @param createQueue is given a reading of the fleet, as old as readings get. */
export const simulateQueue = (
  scene: Scene,
  arrivals: readonly Generation[],
  createQueue: (reading: () => FleetReading) => Queue,
): Waits => {
  const open = new Map<string, number>()
  const waits = new Map(arrivals.map(({ account }) => [account, [] as number[]]))
  const slots = scene.tasks * scene.concurrency
  let working: { readonly generation: Generation; readonly until: number }[] = []
  let readAt = -Infinity
  let reading: FleetReading
  let now = 0
  const readFleet = (): FleetReading => {
    if (now - readAt >= scene.readEverySeconds) {
      readAt = now
      reading = takeReading(scene, { at: now, accounts: open.size })
    }
    return reading
  }
  const queue = createQueue(readFleet)
  const count = (account: string, change: number) => {
    const left = (open.get(account) ?? 0) + change
    if (left > 0) open.set(account, left)
    else open.delete(account)
  }
  const begin = () => {
    while (working.length < slots) {
      const generation = queue.take()
      if (generation === undefined) return
      waits.get(generation.account)?.push(now - generation.at)
      const until = now + generation.nfe * scene.secondsPerNfe * scene.concurrency
      working = [...working, { generation, until }].toSorted((a, b) => a.until - b.until)
    }
  }
  const endUntil = (time: number) => {
    for (let [first] = working; first !== undefined && first.until <= time; [first] = working) {
      now = first.until
      working = working.slice(1)
      count(first.generation.account, -1)
      queue.end(first.generation)
      begin()
    }
  }
  for (const generation of arrivals) {
    endUntil(generation.at)
    now = generation.at
    if ((open.get(generation.account) ?? 0) >= scene.maxOpen) continue
    count(generation.account, 1)
    queue.add(generation)
    begin()
  }
  endUntil(Number.POSITIVE_INFINITY)
  return waits
}

const takeReading = (scene: Scene, { at, accounts }: { at: number; accounts: number }): FleetReading => ({
  at,
  secondsPerNfe: scene.secondsPerNfe,
  tasks: scene.tasks,
  maxTasks: scene.tasks,
  concurrency: scene.concurrency,
  queuedNfe: 0,
  runningNfe: 0,
  running: 0,
  accounts,
  heaviest: [],
})
