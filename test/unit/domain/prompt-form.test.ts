/** Prompts of one form: what is filled in is read back, and the packs that ship take their own examples. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { readPacks } from '../../../functions/api/packs/read-packs.ts'
import { checkPrompt } from '../../../shared/domain/prompt.ts'
import { fillForm, partsOfForm, readForm } from '../../../shared/domain/prompt-form.ts'

const FORM = {
  text: 'from {start} to {goal} around {obstacles} or {obstacles}',
  places: {
    start: ['left', 'right', 'left of the top'],
    goal: ['top', 'top right'],
    obstacles: ['a wall', 'a wall with a gap'],
  },
}
const packs = await readPacks(fileURLToPath(new URL('../../../gpu-runner/packs/', import.meta.url)))

describe('a prompt of one form', () => {
  test('is read as it was filled, however it is spaced and written', () => {
    const filling = fc.tuple(
      ...partsOfForm(FORM).flatMap((part) => ('place' in part ? fc.constantFrom(...part.choices) : [])),
    )
    fc.assert(
      fc.property(filling, fc.constantFrom(' ', '  ', '\n'), (chosen, space) => {
        const prompt = fillForm(FORM, chosen).toUpperCase().replaceAll(' ', space)
        assert.deepEqual(readForm(` ${prompt} `, FORM), { ok: true, filling: chosen })
      }),
    )
  })

  test('has the first choice where nothing is filled in', () => {
    assert.equal(fillForm(FORM), 'from left to top around a wall or a wall')
    assert.equal(fillForm(FORM, ['right']), 'from right to top around a wall or a wall')
  })

  test('is refused by the place of its fault', () => {
    for (const [prompt, fault] of [
      ['from left to nowhere', /\{goal\} belongs; one of top, top right/],
      ['from lefft to top', /\{start\} belongs; did you mean left\?/],
      ['from left to top around a wall', /ends where "or" belongs/],
      ['from left to top around a wall or a wall or', /has "or" after its end/],
    ] as const) {
      const read = readForm(prompt, FORM)
      assert.match(read.ok ? '' : read.fault, fault)
    }
  })
})

for (const { manifest, tokenizer } of packs.values())
  test(`the pack ${manifest.name} takes its own examples`, () => {
    assert.ok(manifest.examples.length > 0)
    for (const example of manifest.examples) assert.deepEqual(checkPrompt(example, manifest, tokenizer), [], example)
  })
