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
  readonly startedAt: number
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

export const createFleet = (options: FleetOptions): Fleet => {
  const { assumptions, random } = options
  const totals: Totals = {
    spotSeconds: 0,
    onDemandSeconds: 0,
    busySeconds: 0,
    nfeSettled: 0,
    nfeLost: 0,
    interruptions: 0,
  }
  let machines: Machine[] = []
  let shortSince: number | undefined

  const launch = (now: number, count: number): void => {
    for (let i = 0; i < count; i++) {
      // The group keeps its mix, on demand rounded up, whatever interruptions took.
      const onDemand = machines.filter(({ spot }) => !spot).length
      const spot = onDemand >= Math.ceil(((machines.length + 1) * (100 - options.spotPercent)) / 100)
      const registersAt = now + between(random, assumptions.machineStart)
      machines.push({
        spot,
        startedAt: now,
        registersAt,
        taskAt: undefined,
        hadTask: false,
        inHand: [],
        idleSince: registersAt,
        endsAt: Number.POSITIVE_INFINITY,
      })
    }
  }

  /** Tasks for machines, machines for tasks: what ECS does between the count it was told and the machines it has. */
  const place = (now: number, wanted: number): void => {
    const alive = machines.filter(({ endsAt }) => endsAt === Number.POSITIVE_INFINITY)
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
    // A task with work is protected: only resting ones stop, those that are not ready first.
    for (let surplus = -missing; surplus > 0; surplus--) {
      const resting = withTask.find(({ taskAt, inHand }) => taskAt !== undefined && inHand.length === 0)
      if (resting === undefined) break
      resting.taskAt = undefined
      resting.idleSince = now
    }
    orderMachines(now, { short: wanted - alive.length, none: alive.length === 0 })
  }

  const orderMachines = (now: number, { short, none }: { short: number; none: boolean }): void => {
    if (short <= 0) {
      shortSince = undefined
      return
    }
    shortSince ??= now
    if (now - shortSince < assumptions.capacityDelay) return
    const count = none ? Math.max(assumptions.machinesFromZero, short) : short
    // The group is as large as the service may get, and never larger.
    launch(now, Math.min(count, options.maxTasks - machines.length))
    shortSince = undefined
  }

  const interrupt = (now: number, queue: FairQueue): void => {
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

  const work = (machine: Machine): void => {
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

  return {
    totals,
    step: (now, { wanted, queue, onStart }) => {
      interrupt(now, queue)
      place(now, wanted)
      // Whoever asks first is served: one slot of each task, then a second one of each.
      for (let slot = 0; slot < options.concurrency && queue.length() > 0; slot++)
        for (const machine of machines) {
          if (machine.taskAt === undefined || machine.taskAt > now || machine.inHand.length > slot) continue
          const waiting = queue.take()
          if (waiting === undefined) break
          machine.inHand.push({ waiting, nfeDone: 0 })
          onStart(waiting)
        }
      for (const machine of machines) {
        if (machine.spot) totals.spotSeconds++
        else totals.onDemandSeconds++
        if (machine.inHand.length > 0) work(machine)
      }
      const stays = (machine: Machine) =>
        machine.endsAt > now &&
        (machine.taskAt !== undefined || machine.registersAt > now || now - machine.idleSince < assumptions.machineIdle)
      if (!machines.every(stays)) machines = machines.filter(stays)
    },
    inWork: () => machines.reduce((sum, { inHand }) => sum + inHand.length, 0),
    running: (now) => machines.filter(({ taskAt }) => taskAt !== undefined && taskAt <= now).length,
    machines: () => machines.length,
  }
}
