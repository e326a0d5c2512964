/** The same arrivals through each queue, and what the quiet accounts waited. */
import { asServed, inOrder, inTurn } from './queues.ts'
import { drawArrivals, FLOODING, generationsPerSecond, type Scene, simulateQueue, type Waits } from './simulate.ts'

type Varied = 'tasks' | 'seed' | 'othersLoad' | 'floodLoad'

const SCENE: Omit<Scene, Varied | 'seconds'> = {
  accounts: 100,
  concurrency: 2,
  secondsPerNfe: 0.1,
  maxOpen: 1000,
  readEverySeconds: 65,
}
/** A p95 of less says little. */
const GENERATIONS_EACH = 60

/** Parts of what the fleet can do: the others below it, with the flood far beyond it. */
export const LOADS = [
  { othersLoad: 0.3, floodLoad: 3 },
  { othersLoad: 0.6, floodLoad: 3 },
  { othersLoad: 0.9, floodLoad: 3 },
] as const

export interface Compared {
  readonly scene: Scene
  /** p95 waits of the quiet accounts together, seconds. */
  readonly alone: number
  readonly turns: number
  readonly served: number
  readonly order: number
  /** The worst of the quiet accounts: its own p95 as served, over its own p95 in turn. */
  readonly worst: number
}

export const compareQueues = (of: Pick<Scene, Varied>, each = GENERATIONS_EACH): Compared => {
  const scene = {
    ...SCENE,
    ...of,
    seconds: (each * SCENE.accounts) / (of.othersLoad * generationsPerSecond({ ...SCENE, ...of })),
  }
  const arrivals = drawArrivals(scene)
  const quiet = arrivals.filter(({ account }) => account !== FLOODING)
  const turns = simulateQueue(scene, arrivals, inTurn)
  const served = simulateQueue(scene, arrivals, asServed)
  const ratios = [...served.keys()]
    .filter((account) => account !== FLOODING)
    .map((account) => p95(served.get(account)) / Math.max(1, p95(turns.get(account))))
  return {
    scene,
    alone: p95OfOthers(simulateQueue(scene, quiet, inTurn)),
    turns: p95OfOthers(turns),
    served: p95OfOthers(served),
    order: p95OfOthers(simulateQueue(scene, arrivals, inOrder)),
    worst: Math.max(...ratios),
  }
}

const p95OfOthers = (waits: Waits): number =>
  p95([...waits].flatMap(([account, each]) => (account === FLOODING ? [] : [...each])))

const p95 = (waits: readonly number[] = []): number =>
  waits.toSorted((a, b) => a - b)[Math.min(waits.length - 1, Math.floor(0.95 * waits.length))] ?? 0

export const table = (rows: readonly Compared[]): string =>
  [
    '| others ask for | GPUs | nobody floods | in turn (fair share) | as served | served / fair share, all | the worst account | in order of arrival |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(({ scene, alone, turns, served, order, worst }) =>
      [
        `| ${100 * scene.othersLoad} %`,
        scene.tasks,
        ...[alone, turns, served].map(seconds),
        (served / turns).toFixed(2),
        worst.toFixed(2),
        `${seconds(order)} |`,
      ].join(' | '),
    ),
  ].join('\n')

const seconds = (wait: number): string => `${wait.toFixed(0)} s`
