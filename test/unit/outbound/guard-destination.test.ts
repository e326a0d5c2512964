import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { guardDestination, lookupAmong } from '../../../shared/outbound/guard-destination.ts'

const CLOUD = { allowHttp: false, allowedCidrs: [] }
const guard = (answers: readonly string[], url = 'https://hooks.example/x') =>
  guardDestination({ url, policy: CLOUD, resolve: async () => answers })

describe('a destination', () => {
  it('is every address the name has, when all of them are public', async () => {
    const result = await guard(['8.8.8.8', '2606:4700::1111'])
    assert.ok(result.ok)
    assert.equal(result.destination.host, 'hooks.example')
    assert.deepEqual(result.destination.addresses, [
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ])
  })

  it('is refused when one address of the name is not public, wherever it stands among them', async () => {
    for (const inner of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', 'fd00:ec2::254', '::ffff:10.0.0.1', 'x']) {
      for (const answers of [[inner], ['8.8.8.8', inner], [inner, '8.8.8.8'], ['2606:4700::1111', inner, '8.8.8.8']]) {
        const result = await guard(answers)
        assert.equal(result.ok ? 'accepted' : result.code, 'address_refused', answers.join())
        assert.ok(!result.ok && !result.detail.includes(inner === 'x' ? '8.8' : inner), 'the detail tells an address')
      }
    }
  })

  it('is refused when the name does not resolve', async () => {
    const failing = async () => {
      throw Object.assign(new Error('no such host'), { code: 'ENOTFOUND' })
    }
    const failed = await guardDestination({ url: 'https://hooks.example', policy: CLOUD, resolve: failing })
    assert.deepEqual(failed, { ok: false, code: 'dns', detail: 'the host name did not resolve (ENOTFOUND)' })
    const empty = await guard([])
    assert.equal(empty.ok ? 'accepted' : empty.code, 'dns')
  })

  it('is not resolved at all when the URL is refused or holds an address', async () => {
    const resolve = async (host: string): Promise<string[]> => assert.fail(`resolved ${host}`)
    for (const url of [
      'http://hooks.example',
      'https://a@hooks.example',
      'https://127.0.0.1',
      'https://0xa9fea9fe',
      'x',
    ]) {
      assert.equal((await guardDestination({ url, policy: CLOUD, resolve })).ok, false, url)
    }
    for (const url of ['https://8.8.8.8/', 'https://[2606:4700::1111]/', 'https://0x8080808/']) {
      assert.equal((await guardDestination({ url, policy: CLOUD, resolve })).ok, true, url)
    }
  })

  it('is refused on the loopback by the system resolution, and accepted where the policy allows it', async () => {
    const refused = await guardDestination({ url: 'https://localhost/', policy: CLOUD })
    assert.equal(refused.ok ? 'accepted' : refused.code, 'address_refused')
    const laptop = { allowHttp: true, allowedCidrs: ['127.0.0.0/8', '::1/128'] }
    assert.equal((await guardDestination({ url: 'http://localhost/', policy: laptop })).ok, true)
  })
})

describe('the lookup of a checked connection', () => {
  it('answers the checked addresses whatever name it is asked for', async () => {
    const lookup = lookupAmong([{ address: '8.8.8.8', family: 4 }])
    const all = await new Promise((resolve) => lookup('evil.test', { all: true }, (_, answer) => resolve(answer)))
    assert.deepEqual(all, [{ address: '8.8.8.8', family: 4 }])
    const one = await new Promise((resolve) => lookup('evil.test', {}, (...answer) => resolve(answer)))
    assert.deepEqual(one, [null, '8.8.8.8', 4])
  })
})
