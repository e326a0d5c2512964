/** The container's health check: ends well while the runner's heartbeat file is fresh. */
import { statSync } from 'node:fs'
import { z } from 'zod'
import { readSettings } from '../../shared/config.ts'

const STALE_MS = 60_000

// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const { HEARTBEAT_FILE } = readSettings({ HEARTBEAT_FILE: z.string().min(1) }, process.env)
const age = Date.now() - statSync(HEARTBEAT_FILE).mtimeMs
if (age > STALE_MS) throw new Error(`The runner was silent for ${Math.round(age / 1000)} s.`)
