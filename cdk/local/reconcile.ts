/**
 * Reconcile as a process of the local stack, and the reading of the fleet: what the schedules do in the cloud. With `--dry-run` it prints, a line of JSON
 * each, what it would do, and ends.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { planReconcile, reconcile } from '../../functions/reconcile/reconcile.ts'
import { connectReconcile } from '../../functions/reconcile/settings.ts'
import { endWithParent } from './end-with-parent.ts'
import { keepFleetReading } from './keep-fleet-reading.ts'

const EVERY_MS = 5000

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const environment = process.env
const context = connectReconcile(environment, Date.now)
const fleet = { runners: Number(environment['RUNNERS'] ?? 1) }
if (process.argv.includes('--dry-run')) {
  for (const finding of await planReconcile(context)) console.log(JSON.stringify(finding))
  process.exit(0)
}
endWithParent(() => process.exit(0))
process.send?.('ready')
for (;;) {
  try {
    await keepFleetReading(context.table, fleet)
    await reconcile(context)
  } catch (error) {
    console.error(JSON.stringify({ level: 'error', where: 'reconcile', error: String(error) }))
  }
  await sleep(EVERY_MS)
}
