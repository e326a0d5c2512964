/** What --reward and --count of the command come to in the request. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readReward } from '../../shared/client/commands/read-reward.ts'

test('no --reward leaves the choice to the pack; --count alone is the reward count', () => {
  assert.equal(readReward([], undefined), undefined)
  assert.deepEqual(readReward([], { bear: 2 }), { name: 'count', counts: { bear: 2 } })
})

test('a name is that reward, an address a scoring server', () => {
  assert.equal(readReward(['vqa'], undefined), 'vqa')
  assert.deepEqual(readReward(['count'], { bear: 2 }), { name: 'count', counts: { bear: 2 } })
  const url = 'https://example.com/score?model=2'
  assert.deepEqual(readReward([url], undefined), { name: 'http', url })
})

test('names with weights are a sum, also of one', () => {
  assert.deepEqual(readReward(['count=1', 'colorfulness=-0.01'], { bear: 2 }), {
    name: 'composite',
    parts: [
      { reward: { name: 'count', counts: { bear: 2 } }, weight: 1 },
      { reward: 'colorfulness', weight: -0.01 },
    ],
  })
  assert.deepEqual(readReward(['compressibility=-1'], undefined), {
    name: 'composite',
    parts: [{ reward: 'compressibility', weight: -1 }],
  })
})

test('several without weights are refused', () => {
  assert.throws(() => readReward(['count', 'vqa'], undefined), /need weights/)
})
