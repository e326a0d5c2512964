/** Reconcile as an AWS Lambda on a schedule. */
import { reconcile } from './reconcile.ts'
import { connectReconcile } from './settings.ts'

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const context = connectReconcile(process.env, Date.now)

export const handler = () => reconcile(context)
