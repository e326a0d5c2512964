/**
 * `npm run admin-key -- <ARN of the edge secret>`: makes the administration key of a deployed stage, shows it once and keeps its
 * hash. Run again it makes another, and the one before is dead.
 */
import { randomBytes } from 'node:crypto'
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { z } from 'zod'
import { formatApiKey, hashApiKey } from '../shared/domain/api-key.ts'

const secretSchema = z.looseObject({ KEY_PEPPER: z.string().min(16), ADMIN_KEY_HASH: z.string() })

const [secretId] = process.argv.slice(2)
if (secretId === undefined) throw new Error('Say which secret: the output FirstKey of the stack has the whole command.')
const [, region] = /^arn:aws[\w-]*:secretsmanager:([\w-]+):/.exec(secretId) ?? []
const client = new SecretsManagerClient({ ...(region !== undefined && { region }) })
const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId: secretId }))
const secret = secretSchema.parse(JSON.parse(SecretString))
const key = formatApiKey('rka', randomBytes(64))
const changed = { ...secret, ADMIN_KEY_HASH: hashApiKey(key, secret.KEY_PEPPER) }
await client.send(new PutSecretValueCommand({ SecretId: secretId, SecretString: JSON.stringify(changed) }))
client.destroy()
console.log(key)
console.error('Shown once. Functions read it as they start: those that run already take it after the next deployment.')
