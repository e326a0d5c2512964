/** What functions/backlog does in the cloud each minute: measures the open work, and tells of the runners on this machine. */
import { keepReading } from '../../functions/backlog/measure-backlog.ts'
import { measureOpenWork } from '../../shared/stores/backlog.ts'
import type { Table } from '../../shared/stores/store.ts'

/** One latent on two cores: see gpu-runner/README.md. */
const SECONDS_PER_NFE = 0.04
/** The runner's default. */
const CONCURRENCY = 2
const MAX_PAGES = 20

export const keepFleetReading = async (table: Table, { runners }: { runners: number }): Promise<void> => {
  const fleet = { table, secondsPerNfe: SECONDS_PER_NFE, maxTasks: runners, concurrency: CONCURRENCY, now: Date.now }
  await keepReading(fleet, await measureOpenWork(table, MAX_PAGES), runners)
}
