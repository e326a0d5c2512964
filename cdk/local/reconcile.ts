/**
 * Reconcile as a process of the local stack: what the schedule does in the cloud. With `--dry-run` it prints, a line of JSON
 * each, what it would do, and ends.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { planReconcile, reconcile } from '../../functions/reconcile/reconcile.ts'
import { connectReconcile } from '../../functions/reconcile/settings.ts'
import { endWithParent } from './end-with-parent.ts'

const EVERY_MS = 5000

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const context = connectReconcile(process.env, Date.now)
if (process.argv.includes('--dry-run')) {
  for (const finding of await planReconcile(context)) console.log(JSON.stringify(finding))
  process.exit(0)
}
endWithParent(() => process.exit(0))
process.send?.('ready')
for (;;) {
  try {
    await reconcile(context)
  } catch (error) {
    console.error(JSON.stringify({ level: 'error', where: 'reconcile', error: String(error) }))
  }
  await sleep(EVERY_MS)
}
