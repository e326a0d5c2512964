/** What the AWS clients sign with: SHA-256 and HMAC-SHA256 as node:crypto has them, however the secret comes. */
import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { Sha256 } from '../../../shared/aws/sha256.ts'

const DATA = Buffer.from('what is signed')
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const digestOf = async (secret?: ConstructorParameters<typeof Sha256>[0]): Promise<string> => {
  const hash = new Sha256(secret)
  hash.update(DATA.subarray(0, 4))
  hash.update(DATA.subarray(4))
  return hex(await hash.digest())
}

test('without a secret it is the hash', async () => {
  assert.equal(await digestOf(), createHash('sha256').update(DATA).digest('hex'))
})

test('a secret means the same as text, as bytes, as a part of other bytes, and the second time', async () => {
  const expected = createHmac('sha256', 'secret').update(DATA).digest('hex')
  const bytes = Buffer.from('secret')
  const part = new Uint8Array(Buffer.from('a secret of theirs')).subarray(2, 8)
  const buffer = new Uint8Array(bytes).buffer
  for (const secret of ['secret', bytes, part, buffer, bytes, part, buffer])
    assert.equal(await digestOf(secret), expected)
})

test('begins anew after a reset', async () => {
  const hash = new Sha256('secret')
  hash.update(Buffer.from('other'))
  hash.reset()
  hash.update(DATA)
  assert.equal(hex(await hash.digest()), createHmac('sha256', 'secret').update(DATA).digest('hex'))
})
