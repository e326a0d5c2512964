/** Reconcile as a process of the local stack: what the schedule does in the cloud. */
import { setTimeout as sleep } from 'node:timers/promises'
import { reconcile } from '../../functions/reconcile/reconcile.ts'
import { connectReconcile } from '../../functions/reconcile/settings.ts'
import { endWithParent } from './end-with-parent.ts'

const EVERY_MS = 5000

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const context = connectReconcile(process.env, Date.now)
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
