/** Machines and the tasks on them, one GPU and one task each: how they come, work, are interrupted and go. */
import type { Assumptions } from './assumptions.ts'
import type { FairQueue, Waiting } from './fair-queue.ts'
import { between, type Random } from './random.ts'

interface InHand {
  readonly waiting: Waiting
  nfeDone: number
}

interface Machine {
  readonly spot: boolean
  /** When its agent takes tasks. */
  readonly registersAt: number
  /** When its task takes work; undefined without a task. */
  taskAt: number | undefined
  hadTask: boolean
  inHand: InHand[]
  idleSince: number
  /** When an interruption ends it. */
  endsAt: number
}

export interface FleetOptions {
  readonly assumptions: Assumptions
  readonly maxTasks: number
  readonly concurrency: number
  readonly nfePerSecond: number
  readonly spotPercent: number
  readonly random: Random
}

export interface Totals {
  spotSeconds: number
  onDemandSeconds: number
  /** Seconds in which a GPU evaluated. */
  busySeconds: number
  nfeSettled: number
  nfeLost: number
  interruptions: number
}

export interface Fleet {
  readonly totals: Totals
  /** One second. `onStart` is told of each generation that is taken up. */
  step(now: number, on: { wanted: number; queue: FairQueue; onStart: (waiting: Waiting) => void }): void
  readonly inWork: () => number
  readonly running: (now: number) => number
  readonly machines: () => number
}

interface State {
  readonly options: FleetOptions
  readonly totals: Totals
  machines: Machine[]
  /** Since when machines are missing; undefined while there are enough. */
  shortSince: number | undefined
}

export const createFleet = (options: FleetOptions): Fleet => {
  const totals: Totals = {
    spotSeconds: 0,
    onDemandSeconds: 0,
    busySeconds: 0,
    nfeSettled: 0,
    nfeLost: 0,
    interruptions: 0,
  }
  const state: State = { options, totals, machines: [], shortSince: undefined }
  return {
    totals,
    step: (now, { wanted, queue, onStart }) => {
      interrupt(state, now, queue)
      place(state, now, wanted)
      takeUp(state, now, { queue, onStart })
      for (const machine of state.machines) {
        if (machine.spot) totals.spotSeconds++
        else totals.onDemandSeconds++
        if (machine.inHand.length > 0) work(state, machine)
      }
      const stays = (machine: Machine) =>
        machine.endsAt > now &&
        (machine.taskAt !== undefined ||
          machine.registersAt > now ||
          now - machine.idleSince < options.assumptions.machineIdle)
      if (!state.machines.every(stays)) state.machines = state.machines.filter(stays)
    },
    inWork: () => state.machines.reduce((sum, { inHand }) => sum + inHand.length, 0),
    running: (now) => state.machines.filter(({ taskAt }) => taskAt !== undefined && taskAt <= now).length,
    machines: () => state.machines.length,
  }
}

const interrupt = ({ options, totals, machines }: State, now: number, queue: FairQueue): void => {
  const { assumptions, random } = options
  const chance = assumptions.interruptionsPerHour / 3600
  for (const machine of machines) {
    if (!machine.spot || machine.endsAt !== Number.POSITIVE_INFINITY || random() >= chance) continue
    totals.interruptions++
    machine.endsAt = now + assumptions.spotNotice
    machine.taskAt = undefined
    // The task is stopped at the notice and hands its work back; another begins it anew.
    for (const { waiting, nfeDone } of machine.inHand) {
      totals.nfeLost += nfeDone
      queue.giveBack(waiting)
    }
    machine.inHand = []
  }
}

/** Tasks for machines, machines for tasks: what ECS does between the count it was told and the machines it has. */
const place = (state: State, now: number, wanted: number): void => {
  const { assumptions, random } = state.options
  const alive = state.machines.filter(({ endsAt }) => endsAt === Number.POSITIVE_INFINITY)
  const withTask = alive.filter(({ taskAt }) => taskAt !== undefined)
  let missing = wanted - withTask.length
  for (const machine of alive) {
    if (missing <= 0) break
    if (machine.taskAt !== undefined || machine.registersAt > now) continue
    machine.taskAt =
      now + between(random, assumptions.taskStart) + (machine.hadTask ? 0 : between(random, assumptions.imagePull))
    machine.hadTask = true
    missing--
  }
  // A task with work is protected: only resting ones stop.
  for (let surplus = -missing; surplus > 0; surplus--) {
    const resting = withTask.find(({ taskAt, inHand }) => taskAt !== undefined && inHand.length === 0)
    if (resting === undefined) break
    resting.taskAt = undefined
    resting.idleSince = now
  }
  orderMachines(state, now, { short: wanted - alive.length, none: alive.length === 0 })
}

const orderMachines = (state: State, now: number, { short, none }: { short: number; none: boolean }): void => {
  const { assumptions, maxTasks } = state.options
  if (short <= 0) {
    state.shortSince = undefined
    return
  }
  state.shortSince ??= now
  if (now - state.shortSince < assumptions.capacityDelay) return
  const count = none ? Math.max(assumptions.machinesFromZero, short) : short
  // The group is as large as the service may get, and never larger.
  launch(state, now, Math.min(count, maxTasks - state.machines.length))
  state.shortSince = undefined
}

const launch = ({ options, machines }: State, now: number, count: number): void => {
  for (let i = 0; i < count; i++) {
    // The group keeps its mix, on demand rounded up, whatever interruptions took.
    const onDemand = machines.filter(({ spot }) => !spot).length
    const registersAt = now + between(options.random, options.assumptions.machineStart)
    machines.push({
      spot: onDemand >= Math.ceil(((machines.length + 1) * (100 - options.spotPercent)) / 100),
      registersAt,
      taskAt: undefined,
      hadTask: false,
      inHand: [],
      idleSince: registersAt,
      endsAt: Number.POSITIVE_INFINITY,
    })
  }
}

/** Whoever asks first is served: one place of each task, then a second one of each. */
const takeUp = (
  { options, machines }: State,
  now: number,
  { queue, onStart }: { queue: FairQueue; onStart: (waiting: Waiting) => void },
): void => {
  for (let place = 0; place < options.concurrency && queue.length() > 0; place++)
    for (const machine of machines) {
      if (machine.taskAt === undefined || machine.taskAt > now || machine.inHand.length > place) continue
      const waiting = queue.take()
      if (waiting === undefined) break
      machine.inHand.push({ waiting, nfeDone: 0 })
      onStart(waiting)
    }
}

/** One second of a GPU, shared by what its task has in hand. */
const work = ({ options, totals }: State, machine: Machine): void => {
  const share = options.nfePerSecond / machine.inHand.length
  totals.busySeconds++
  let ended = false
  for (const each of machine.inHand) {
    each.nfeDone += share
    ended ||= each.nfeDone >= each.waiting.nfeUsed
  }
  if (!ended) return
  for (const { waiting, nfeDone } of machine.inHand)
    if (nfeDone >= waiting.nfeUsed) totals.nfeSettled += waiting.nfeUsed
  machine.inHand = machine.inHand.filter(({ waiting, nfeDone }) => nfeDone < waiting.nfeUsed)
}
