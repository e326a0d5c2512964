/** The secrets of a data folder: whoever is killed while they are made leaves none, not half of them. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readIfThere, writeOnce } from '../../../cdk/local/secrets.ts'

const TEXT = 'x'.repeat(4_000_000)

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rollover-once-'))
})
after(() => rm(folder, { recursive: true }))

test('a file written once is there whole or not at all, for whoever looks while it is written', async () => {
  for (let round = 0; round < 5; round++) {
    const path = join(folder, `round-${round}`)
    let writing = true
    const written = writeOnce(path, TEXT).finally(() => {
      writing = false
    })
    while (writing) assert.ok([undefined, TEXT.length].includes((await readIfThere(path))?.length))
    await written
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  }
})

test('of two that write it at once one is refused, and neither leaves a draft', async () => {
  const path = join(folder, 'race')
  const outcomes = await Promise.allSettled(['a', 'b'].map((text) => writeOnce(path, text)))
  assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  assert.equal(await readIfThere(path), outcomes[0]?.status === 'fulfilled' ? 'a' : 'b')
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('race')),
    ['race'],
  )
})
