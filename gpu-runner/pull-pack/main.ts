/** Pulls a pack from S3 into a folder and ends: what a task does once before its runner opens the pack. */
import { z } from 'zod'
import { createClients } from '../../shared/aws/clients.ts'
import { readSettings } from '../../shared/config.ts'
import { pullPack } from './pull-pack.ts'

const settings = readSettings(
  {
    /** Where the pack is: s3://bucket/prefix. */
    PACK_SOURCE: z.string().regex(/^s3:\/\/[^/]+\/.+$/),
    PACK_FOLDER: z.string().min(1),
  },
  // biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
  process.env,
)
const clients = createClients()
const pulled = await pullPack({ s3: clients.s3, source: settings.PACK_SOURCE, folder: settings.PACK_FOLDER })
console.log(JSON.stringify({ level: 'info', where: 'pull pack', ...pulled }))
clients.destroy()
