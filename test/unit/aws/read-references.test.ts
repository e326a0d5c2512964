/** A setting may name a secret or a parameter: it becomes what it names, read once, and a wrong name is said without values. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { readReferences } from '../../../shared/aws/read-references.ts'

const SECRETS: Readonly<Record<string, string>> = {
  edge: '{"KEY_PEPPER":"salt and more","PORT":1}',
  plain: 'sk_test_1',
}

describe('references in settings', () => {
  const calls: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { SecretId, Name } = JSON.parse(Buffer.concat(chunks).toString()) as { SecretId?: string; Name?: string }
    calls.push(SecretId ?? Name ?? '')
    const answer =
      SecretId === undefined ? { Parameter: { Name, Value: `value of ${Name}` } } : { SecretString: SECRETS[SecretId] }
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer))
  })
  before(async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const endpoint = `http://127.0.0.1:${address.port}`
    // biome-ignore lint/style/noProcessEnv: the AWS clients are built without options and read where the services are
    Object.assign(process.env, {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
      AWS_ENDPOINT_URL_SSM: endpoint,
    })
  })
  after(() => server.close())

  test('become what they name, and everything else stays as it is', async () => {
    const read = await readReferences({
      KEY_PEPPER: 'secret:edge#KEY_PEPPER',
      STRIPE_KEY: 'secret:plain',
      PUBLIC_URL: 'parameter:/rollover/dev/public-url',
      TABLE_NAME: 'rollover',
      EMPTY: undefined,
    })
    assert.deepEqual(read, {
      KEY_PEPPER: 'salt and more',
      STRIPE_KEY: 'sk_test_1',
      PUBLIC_URL: 'value of /rollover/dev/public-url',
      TABLE_NAME: 'rollover',
      EMPTY: undefined,
    })
  })

  test('fetch a secret once however many settings it holds, and nothing without references', async () => {
    calls.length = 0
    await readReferences({ A: 'secret:edge#KEY_PEPPER', B: 'secret:edge#KEY_PEPPER', C: 'https://example.com/a#b' })
    assert.deepEqual(calls, ['edge'])
  })

  test('that lead nowhere stop the process with the name of the variable and no value', async () => {
    for (const reference of ['secret:edge#MISSING', 'secret:edge#PORT', 'secret:none', 'secret:none#KEY'])
      await assert.rejects(readReferences({ KEY_PEPPER: reference }), (error: Error) => {
        assert.match(error.message, /^KEY_PEPPER: secret:/)
        assert.doesNotMatch(error.message, /salt/)
        return true
      })
  })
})
