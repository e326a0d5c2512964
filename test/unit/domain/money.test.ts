import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatApiKey, hashApiKey, parseApiKey, sameHash } from '../../../shared/domain/api-key.ts'
import { billUsage } from '../../../shared/domain/price.ts'

describe('a bill', () => {
  test('splits what was held into what was used and what is refunded, in whole micro-dollars', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(1_000_000), fc.integer({ min: 1, max: 1000 }), (a, b, microUsdPerNfe) => {
        const [nfeUsed, nfeHeld] = a < b ? [a, b] : [b, a]
        const usage = billUsage({ nfeHeld, nfeUsed, microUsdPerNfe })
        assert.equal(usage.nfe_used + usage.nfe_refunded, usage.nfe_held)
        assert.equal(usage.price_micro_usd, nfeUsed * microUsdPerNfe)
      }),
    )
  })
  for (const nfeUsed of [101, -1, 0.5, Number.NaN])
    test(`of ${nfeUsed} NFEs used from 100 held is refused`, () => {
      assert.throws(() => billUsage({ nfeHeld: 100, nfeUsed, microUsdPerNfe: 20 }), RangeError)
    })
})

describe('an API key', () => {
  const key = () => formatApiKey('rk', randomBytes(64))

  test('is recognised by its kind, and two are never alike', () => {
    assert.equal(parseApiKey(key()), 'rk')
    assert.equal(parseApiKey(formatApiKey('rka', randomBytes(64))), 'rka')
    assert.notEqual(key(), key())
  })

  test('with any one character changed is refused without a look-up', () => {
    const good = key()
    for (let at = 0; at < good.length; at++) {
      const changed = `${good.slice(0, at)}${good[at] === 'x' ? 'y' : 'x'}${good.slice(at + 1)}`
      assert.equal(parseApiKey(changed), undefined, changed)
    }
  })

  test('with its kind exchanged is refused', () => {
    assert.equal(parseApiKey(key().replace('rk_', 'rka_')), undefined)
  })

  test('hashes differently under another pepper', () => {
    const good = key()
    assert.ok(sameHash(hashApiKey(good, 'pepper'), hashApiKey(good, 'pepper')))
    assert.ok(!sameHash(hashApiKey(good, 'pepper'), hashApiKey(good, 'salt')))
  })

  test('needs enough random bytes', () => {
    assert.throws(() => formatApiKey('rk', new Uint8Array(31)), RangeError)
  })
})
