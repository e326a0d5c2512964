/** `npm run admin-key` against a server that keeps one secret as Secrets Manager does. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { hashApiKey, parseApiKey } from '../../../shared/domain/api-key.ts'

const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:EdgeSecret-abc'
const PEPPER = 'a pepper of more than sixteen'
let kept = JSON.stringify({ KEY_PEPPER: PEPPER, ADMIN_KEY_HASH: '0'.repeat(64), OTHER: 'stays' })

const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  const { SecretId, SecretString } = JSON.parse(body) as { SecretId: string; SecretString?: string }
  assert.equal(SecretId, SECRET)
  if (request.headers['x-amz-target'] === 'secretsmanager.PutSecretValue') kept = SecretString ?? ''
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify({ ARN: SECRET, SecretString: kept }))
})
before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
after(() => {
  server.close()
  server.closeAllConnections()
})

const run = (args: string[]): Promise<{ status: number | null; out: string; err: string }> =>
  new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('../../../cdk/admin-key.ts', import.meta.url)), ...args],
      {
        env: {
          AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
          AWS_ACCESS_KEY_ID: 'none',
          AWS_SECRET_ACCESS_KEY: 'none',
        },
      },
    )
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    child.on('close', (status) => resolve({ status, out, err }))
  })

test('prints a key whose hash the secret then has, and leaves the rest of it', async () => {
  const { status, out, err } = await run([SECRET])
  assert.equal(status, 0, err)
  const key = out.trim()
  assert.equal(parseApiKey(key), 'rka')
  assert.deepEqual(JSON.parse(kept), { KEY_PEPPER: PEPPER, ADMIN_KEY_HASH: hashApiKey(key, PEPPER), OTHER: 'stays' })
})

test('says what is missing', async () => {
  const { status, err } = await run([])
  assert.notEqual(status, 0)
  assert.match(err, /FirstKey/)
})
