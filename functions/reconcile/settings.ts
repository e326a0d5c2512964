/** Reconcile's settings and what they make: shared by its two roots, the Lambda and the local process. */
import { createClients } from '../../shared/aws/clients.ts'
import { connectStores, type Environment, readSettings, serviceSettings } from '../../shared/config.ts'
import { createFleetReader } from '../../shared/stores/fleet-reading.ts'
import type { ReconcileContext } from './reconcile.ts'

export const connectReconcile = (environment: Environment, now: () => number): ReconcileContext => {
  const settings = readSettings(serviceSettings, environment)
  const stores = connectStores(createClients(), settings)
  return {
    ...stores,
    fleet: createFleetReader(stores.table, now),
    publicUrl: settings.PUBLIC_URL,
    reviewMs: settings.REVIEW_SECONDS * 1000,
    now,
  }
}
