/** What clients ask for, second by second: the shapes of a day, the sizes of generations, and who asks. */
import { poisson, type Random } from './random.ts'

export interface Arrival {
  readonly account: number
  /** What it holds, and what it will use: less where the target reward comes early. */
  readonly nfeBudget: number
  readonly nfeUsed: number
}

export interface Trace {
  readonly name: string
  readonly says: string
  /** Work that arrives at a second of the day, as part of what the whole fleet can do. */
  readonly load: (second: number) => number
  /** A generation's account; the flooding one is 0. */
  readonly flood?: { readonly from: number; readonly to: number; readonly load: number }
}

export const DAY_SECONDS = 86_400
const HOUR = 3600
export const ACCOUNTS = 40
export const FLOODING_ACCOUNT = 0

/** [NFE budget, part of all generations]. */
const BUDGETS: readonly (readonly [number, number])[] = [
  [100, 0.25],
  [250, 0.3],
  [500, 0.35],
  [1000, 0.1],
]
/** Part of the generations that reach their target early, and then use 20 to 100 % of the budget. */
const EARLY = 0.4

const MEAN_BUDGET = BUDGETS.reduce((sum, [nfe, part]) => sum + nfe * part, 0)
export const MEAN_NFE = MEAN_BUDGET * (1 - EARLY + EARLY * 0.6)

export const TRACES: readonly Trace[] = [
  { name: 'none', says: 'nobody asks for anything', load: () => 0 },
  { name: 'steady', says: '60 % of the fleet all day', load: () => 0.6 },
  {
    name: 'diurnal',
    says: 'a sine from 8 % at night to 80 % by day',
    load: (second) => 0.44 - 0.36 * Math.cos((2 * Math.PI * second) / DAY_SECONDS),
  },
  {
    name: 'bursts',
    says: '10 % with ten minutes of 60 % every two hours',
    load: (second) => (second % (2 * HOUR) < 600 ? 0.6 : 0.1),
  },
  {
    name: 'flood',
    says: '30 % from 39 accounts, and from one account all that the fleet can do, for an hour',
    load: () => 0.3,
    flood: { from: 10 * HOUR, to: 11 * HOUR, load: 1 },
  },
]

export const traceNamed = (name: string): Trace => {
  const trace = TRACES.find((each) => each.name === name)
  if (trace === undefined) throw new RangeError(`there is no trace ${name}`)
  return trace
}

/** Arrivals of one second on a fleet that can evaluate `nfePerSecond` at its largest. */
export const arrivalsAt = (
  trace: Trace,
  { second, nfePerSecond, random }: { second: number; nfePerSecond: number; random: Random },
): Arrival[] => {
  const expected = (load: number) => (load * nfePerSecond) / MEAN_NFE
  const others = poisson(random, expected(trace.load(second)))
  const arrivals = Array.from({ length: others }, () => drawArrival(random, drawAccount(random)))
  const { flood } = trace
  if (flood === undefined || second < flood.from || second >= flood.to) return arrivals
  const flooded = poisson(random, expected(flood.load))
  return [...arrivals, ...Array.from({ length: flooded }, () => drawArrival(random, FLOODING_ACCOUNT))]
}

/** A few accounts ask for most: the square of a uniform number. */
const drawAccount = (random: Random): number => 1 + Math.floor(random() ** 2 * (ACCOUNTS - 1))

const drawArrival = (random: Random, account: number): Arrival => {
  const nfeBudget = drawBudget(random())
  const nfeUsed = random() < EARLY ? Math.max(1, Math.round(nfeBudget * (0.2 + 0.8 * random()))) : nfeBudget
  return { account, nfeBudget, nfeUsed }
}

const drawBudget = (uniform: number): number => {
  let below = 0
  for (const [nfe, part] of BUDGETS) {
    below += part
    if (uniform < below) return nfe
  }
  return BUDGETS.at(-1)?.[0] ?? 0
}
