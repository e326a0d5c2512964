import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { countGraphNamed } from '../../../gpu-runner/reward/count.ts'
import { packManifestSchema } from '../../../shared/contract/pack.ts'
import { checkCounts, readCounts } from '../../../shared/domain/counts.ts'
import { nearestWord } from '../../../shared/domain/nearest-word.ts'
import { checkPrompt, spellNumbers } from '../../../shared/domain/prompt.ts'
import { createTokenizer } from '../../../shared/domain/tokenizer.ts'

const PACK = new URL('../../../gpu-runner/packs/emoji-world/', import.meta.url)
const readJson = async (file: string): Promise<object> => JSON.parse(await readFile(new URL(file, PACK), 'utf8'))
const manifest = packManifestSchema.parse(await readJson('pack.json'))
const graph = countGraphNamed('count', manifest.rewards)
const AT = { pack: 'emoji-world', pointer: '/reward/counts' }
const tokenizer = createTokenizer(await readJson('tokenizer.json'))

describe('a prompt', () => {
  for (const [prompt, counts] of [
    ['seven balloons, four bears, and four swans', { balloon: 7, bear: 4, swan: 4 }],
    ['Six Airplanes AND seven camels', { airplane: 6, camel: 7 }],
    ['7 balloons and a bear', { balloon: 7, bear: 1 }],
    ['12 fish', { fish: 12 }],
    ['a red cube on top of a blue sphere', { 'red cube': 1, 'blue sphere': 1 }],
    ['an orange cone to the left of a green cylinder on a white background', { 'orange cone': 1, 'green cylinder': 1 }],
    ['two happy little ducks on a blue background', { duck: 2 }],
    ['one bear, two bears', { bear: 3 }],
    ['balloons on a pink background', undefined],
    ['seven, bears', undefined],
    ['', undefined],
  ] as const)
    test(`"${prompt}" asks for ${JSON.stringify(counts)}`, () => {
      assert.deepEqual(readCounts(prompt, manifest.vocabulary, graph), counts)
    })

  test('digits become the words the pack was trained on, other numbers stay', () => {
    assert.equal(spellNumbers('7 bears and 12 cats, 0 dogs', manifest), 'seven bears and 12 cats, 0 dogs')
  })

  test('is refused when it is longer than the tokenizer takes, instead of being cut', () => {
    assert.deepEqual(checkPrompt('one bear, '.repeat(6), manifest, tokenizer), [])
    const [fault] = checkPrompt('one bear, '.repeat(7), manifest, tokenizer)
    assert.deepEqual(fault?.pointer, '/prompt')
  })

  test('is refused when it names nothing the pack can draw, with the nearest words', () => {
    const [fault] = checkPrompt('seven baloons and a toy', manifest, tokenizer)
    assert.match(fault?.detail ?? '', /did you mean balloons/)
  })

  test('never breaks the reader, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const counts = readCounts(text, manifest.vocabulary, graph)
        for (const [thing, count] of Object.entries(counts ?? {})) {
          assert.ok(graph.classes.includes(thing))
          assert.ok(Number.isSafeInteger(count) && count >= 0)
        }
        checkPrompt(text, manifest, tokenizer)
      }),
    )
  })
})

describe('counts that a client says', () => {
  test('are taken by class or plural, whatever the case', () => {
    assert.deepEqual(checkCounts({ Balloons: 7, bear: 0 }, graph, AT), { counts: { balloon: 7, bear: 0 } })
  })
  test('of things the pack does not count are refused by name, those of objects included', () => {
    const checked = checkCounts({ 'a/b~c': 1, constructor: 2 }, graph, AT)
    const errors = 'errors' in checked ? checked.errors : []
    assert.deepEqual(
      errors.map(({ pointer }) => pointer),
      ['/reward/counts/a~1b~0c', '/reward/counts/constructor'],
    )
  })
})

describe('the tokenizer', () => {
  test('gives the ids the pack was trained with, unknown words and padding included', () => {
    const ids = tokenizer.encode('Seven balloons, zebra', 6)
    assert.deepEqual(ids, [21n, 49n, 2n, 1n, 0n, 0n])
  })
  test('cuts at the length asked', () => {
    assert.equal(tokenizer.encode('one bear '.repeat(30), 20).length, 20)
  })
})

describe('the nearest word', () => {
  test('is the one fewest edits away, and none when all are far', () => {
    assert.equal(nearestWord('baloon', ['bear', 'balloon', 'swan']), 'balloon')
    assert.equal(nearestWord('xylophone', ['bear', 'balloon', 'swan']), undefined)
  })
})
