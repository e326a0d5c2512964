/**
 * `npm run audit -- [--data DIR] [--json]`: recomputes every account and prints what differs; ends with 1 when anything does, with 2 where no
 * stack has ever run. Looks at the service that the environment names (TABLE_NAME and the rest), or else at the data of a stack that is stopped.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { auditService } from '../../functions/reconcile/audit.ts'
import { createClients } from '../../shared/aws/clients.ts'
import { connectStores, readSettings, serviceSettings } from '../../shared/config.ts'
import { loadSecrets, readIfThere, SECRETS_FILE } from './secrets.ts'
import { startServices } from './services.ts'
import { serviceEnvironment } from './stack.ts'

const { values } = parseArgs({
  options: { data: { type: 'string', default: '.rollover' }, json: { type: 'boolean', default: false } },
})
// biome-ignore lint/style/noProcessEnv: a composition root reads the environment once
const environment = process.env
const started = environment['TABLE_NAME'] === undefined ? await startOn(values.data) : undefined
Object.assign(environment, started?.environment)
const clients = createClients()
const audit = await auditService(connectStores(clients, readSettings(serviceSettings, environment)))
clients.destroy()
await started?.stop()

const { differences, ...counted } = audit
for (const difference of differences) console.error(JSON.stringify(difference))
if (values.json) console.log(JSON.stringify({ ...counted, differences: differences.length }))
else
  console.log(
    `${counted.accounts} accounts, ${counted.generations} generations, ${counted.entries} ledger entries: ${differences.length} differences`,
  )
process.exit(differences.length === 0 ? 0 : 1)

async function startOn(dataFolder: string) {
  // Books of a folder that was misspelt would be in perfect order.
  if ((await readIfThere(join(dataFolder, SECRETS_FILE))) === undefined) {
    console.error(`No stack has run in ${dataFolder}: there is nothing to audit. --data says where.`)
    process.exit(2)
  }
  const secrets = await loadSecrets(dataFolder)
  const services = await startServices(dataFolder, secrets)
  const settings = serviceEnvironment({ secrets, url: 'http://127.0.0.1:1', port: 1, options: {} })
  return { environment: { ...services.environment, ...settings }, stop: services.stop }
}
