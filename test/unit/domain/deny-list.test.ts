/** Words that a prompt must not have are found however they are written, and nothing else is. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { contentPolicySettings, readSettings } from '../../../shared/config.ts'
import { compileDenyList } from '../../../shared/domain/deny-list.ts'

const denied = compileDenyList({ weapons: ['rifle', 'hand grenade', 'pistol*'], people: ['Émile Zola'] })

describe('a deny list', () => {
  for (const [text, reason] of [
    ['a rifle', 'weapons'],
    ['RIFLE!', 'weapons'],
    ['seven bears,rifle and swans', 'weapons'],
    ['a hand   grenade', 'weapons'],
    ['hand-grenade', 'weapons'],
    ['two pistols', 'weapons'],
    ['pistolero', 'weapons'],
    ['emile zola', 'people'],
    ['ＲＩＦＬＥ', 'weapons'],
    ['ri\u00adfle', 'weapons'],
    ['ri\u200bfle', 'weapons'],
    ['r\u0301ifle', 'weapons'],
  ] as const)
    test(`finds ${JSON.stringify(text)}`, () => assert.equal(denied(text), reason))

  for (const text of ['rifles', 'trifle', 'a hand and a grenade', 'grenade hand', 'epistol', 'zola', '', 'seven bears'])
    test(`lets ${JSON.stringify(text)} pass`, () => assert.equal(denied(text), undefined))

  test('without rules lets everything pass', () => {
    const none = compileDenyList({})
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => none(text) === undefined))
  })

  test('finds its terms wherever they stand, and never throws', () => {
    const words = fc.array(fc.constantFrom('seven', 'bears', 'and', '7'), { maxLength: 5 })
    fc.assert(
      fc.property(words, fc.constantFrom('rifle', 'hand grenade', 'pistols'), words, (before, term, after) =>
        assert.equal(denied([...before, term, ...after].join(' ')), 'weapons'),
      ),
    )
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void denied(text)))
  })
})

describe('a content policy in the environment', () => {
  const read = (CONTENT_POLICY?: string) => readSettings(contentPolicySettings, { CONTENT_POLICY }).CONTENT_POLICY

  test('may be left out, and then rules nothing out', () => {
    assert.deepEqual(read(), { prompt: { deny: {} }, image: {} })
  })

  test('keeps a classifier and says how long it may take', () => {
    const url = 'http://127.0.0.1:9/look'
    assert.deepEqual(read(JSON.stringify({ image: { classifier: { url } } })).image, {
      classifier: { url, timeout_ms: 10_000 },
    })
  })

  for (const [name, text] of [
    ['no JSON', '{'],
    ['a misspelt rule', '{"prompt": {"denied": {}}}'],
    ['a term of nothing', '{"prompt": {"deny": {"x": ["*"]}}}'],
    ['a star inside a term', '{"prompt": {"deny": {"x": ["a*b"]}}}'],
    ['a classifier that is no address of HTTP', '{"image": {"classifier": {"url": "file:///x"}}}'],
  ] as const)
    test(`stops the process with ${name}, and names the variable`, () => {
      assert.throws(() => read(text), /CONTENT_POLICY/)
    })
})
