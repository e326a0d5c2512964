/** What people who watch see of candidates: everything of a slow search, a part of a fast one, the best only when it is new. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import type { Picture } from '../../../gpu-runner/image/small-picture.ts'
import type { CandidateRecord, SearchProgress } from '../../../gpu-runner/search/search.ts'
import { showCandidates } from '../../../gpu-runner/worker/show-candidates.ts'

/** A content policy that holds nothing back. */
const EVERYTHING = { image: async () => undefined }

const flat = (grey: number): Picture => ({
  pixels: new Uint8ClampedArray(3 * 8 * 8).fill(grey),
  width: 8,
  height: 8,
})
const record = (nfe: number, part: Partial<CandidateRecord> = {}): CandidateRecord => ({
  nfe,
  step: 2,
  lane: 1,
  candidate: nfe,
  t: 0.5,
  reward: nfe,
  accepted: false,
  quota: 4,
  ...part,
})
const progress = (bestReward: number): SearchProgress => ({
  step: 2,
  steps: 9,
  nfeUsed: 4,
  bestReward,
  quota: 4,
  rolledOver: 0,
})
const pixelsOf = async (url: string) => {
  const { data, info } = await sharp(Buffer.from(url.split(',')[1] ?? '', 'base64'))
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { ...info, at: (line: number) => data[line * info.width * info.channels] ?? 0 }
}

test('shows each candidate once, with a square of one column for each that has a reward', async () => {
  const shown = showCandidates(EVERYTHING, 100)
  shown.add([record(101), record(102, { reward: undefined as never })], [flat(20), undefined])
  shown.add([record(103, { accepted: true })], [flat(220)])
  const { candidates, thumbnails } = await shown.take(progress(103))
  assert.deepEqual(
    candidates.map(({ nfe, reward, accepted }) => [nfe, reward, accepted]),
    [
      [1, 101, false],
      [2, null, false],
      [3, 103, true],
    ],
  )
  const { width, height, at } = await pixelsOf(thumbnails ?? '')
  assert.deepEqual([width, height], [32, 64])
  assert.ok(Math.abs(at(16) - 20) < 8 && Math.abs(at(48) - 220) < 8)
  assert.deepEqual(await shown.take(progress(103)), { candidates: [], thumbnails: null, preview: null })
})

test('shows the best so far when it is new, and no candidate that an earlier attempt has beaten', async () => {
  const shown = showCandidates(EVERYTHING, 0)
  shown.add([record(1)], [flat(9)])
  assert.ok((await shown.take(progress(1))).preview)
  shown.add([record(2, { reward: 0.5 })], [flat(9)])
  assert.equal((await shown.take(progress(1))).preview, null)
  shown.add([record(3, { reward: 2 })], [flat(9)])
  assert.equal((await shown.take(progress(5))).preview, null)
})

test('shows a bounded part of a search that is faster than people can look, and everything accepted of it', async () => {
  const shown = showCandidates(EVERYTHING, 0)
  for (let nfe = 1; nfe <= 1000; nfe++) shown.add([record(nfe, { accepted: nfe % 100 === 0 })], [flat(nfe % 256)])
  const { candidates } = await shown.take(progress(1000))
  assert.equal(candidates.length, 48)
  assert.equal(candidates.filter(({ accepted }) => accepted).length, 10)
  assert.deepEqual(
    candidates.map(({ nfe }) => nfe),
    candidates.map(({ nfe }) => nfe).toSorted((a, b) => a - b),
  )
})
