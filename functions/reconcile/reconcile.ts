/**
 * Finishes what a crash left half done. Looks only at what is due: open generations without news, ended ones not settled or
 * announced, deliveries whose time has come, and accounts with holds that no generation answers for. Safe to run at any
 * moment and beside itself: every act is one that its owner may repeat.
 */
import {
  type Act,
  type Finding,
  findBatches,
  findDeliveries,
  findExpired,
  findGenerations,
  findHolds,
  type ReconcileContext,
} from './findings.ts'

export type { ReconcileContext } from './findings.ts'

export type Reconciled = Readonly<Record<Exclude<Act, 'reviewed'>, number>>

/** In this order: what a batch makes is then looked at as a generation, and what ends there is then delivered. */
const LOOKS = [findBatches, findGenerations, findDeliveries, findHolds, findExpired] as const

/**
 * Each finding is finished on its own: one that cannot be finished now is told to `onError` and is due again, and does not
 * keep the others waiting.
 */
export const reconcile = async (
  on: ReconcileContext,
  onError: (finding: Finding, error: unknown) => void = logFailure,
): Promise<Reconciled> => {
  const counts = { requeued: 0, completed: 0, batches: 0, deliveries: 0, holdsReleased: 0, deleted: 0, reviewed: 0 }
  for await (const finding of findAll(on)) {
    try {
      if (await finding.finish()) counts[finding.act]++
    } catch (error) {
      onError(finding, error)
    }
  }
  const { reviewed: _, ...told } = counts
  return told
}

/** What a run would do now, without doing it. */
export const planReconcile = async (on: ReconcileContext): Promise<Omit<Finding, 'finish'>[]> => {
  const plan = []
  for await (const { finish: _, ...finding } of findAll(on)) if (finding.act !== 'reviewed') plan.push(finding)
  return plan
}

async function* findAll(on: ReconcileContext): AsyncGenerator<Finding> {
  for (const look of LOOKS) yield* look(on)
}

const logFailure = ({ act, id }: Finding, error: unknown): void => {
  console.error(JSON.stringify({ level: 'error', where: 'reconcile', act, id, error: String(error) }))
}
