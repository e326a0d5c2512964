import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fillBlocks } from '../../bench/engine/page.ts'

const PAGE =
  'By hand.\n\n<!-- measured: a -->\nold\n<!-- end -->\n\nBetween.\n\n<!-- measured: b -->\nkept\n<!-- end -->\n'

test('what is measured anew replaces what stood between its marks, and nothing else', () => {
  const filled = '<!-- measured: a -->\nnew\n\n<!-- end -->'
  assert.equal(fillBlocks(PAGE, { a: 'new' }), PAGE.replace('<!-- measured: a -->\nold\n<!-- end -->', filled))
})

test('filled twice is filled once', () => {
  const once = fillBlocks(PAGE, { a: 'new', c: 'added' })
  assert.equal(fillBlocks(once, { a: 'new', c: 'added' }), once)
})

test('what the page has no place for comes at its end', () => {
  assert.ok(fillBlocks(PAGE, { c: 'added' }).endsWith('<!-- measured: c -->\nadded\n\n<!-- end -->\n'))
})

test('a mark without an end is refused, for it would swallow words', () => {
  assert.throws(() => fillBlocks('<!-- measured: a -->\n', { a: 'new' }), /no <!-- end -->/)
})
