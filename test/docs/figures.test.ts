/** The figures and the numbers in the text are those of the kept runs, and the kept runs are whole. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { FIGURES } from './figures/figures.ts'
import { IMAGES_FOLDER, type RunName, readKept, traceUrl } from './figures/kept-runs.ts'
import { roundsOf } from './figures/rounds.ts'
import { readTold, retold, TOLD } from './figures/told.ts'

const kept = await readKept()
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const REMEDY = 'run npm run figures and commit what it writes'

test('every kept trace is the one its run was hashed by, and ends with the NFEs of its bill', async () => {
  for (const [name, { trace_sha256, nfe_used }] of Object.entries(kept.runs) as [
    RunName,
    (typeof kept.runs)[RunName],
  ][]) {
    assert.equal(sha256(await readFile(traceUrl(name))), trace_sha256, name)
    assert.equal(kept.traces[name].at(-1)?.nfe, nfe_used, name)
  }
})

test('every figure is the drawing of its kept run', async () => {
  for (const [name, draw] of Object.entries(FIGURES))
    assert.ok(draw(kept) === (await readFile(new URL(name, IMAGES_FOLDER), 'utf8')), `${name}: ${REMEDY}`)
})

test('the numbers in the documents are those of the kept runs', async () => {
  for (const document of Object.keys(TOLD)) {
    const text = await readTold(document)
    assert.ok(text === retold(text, document, kept), `docs/${document}: ${REMEDY}`)
  }
})

test('in the trace that docs/rollover.md tells, each quota is its own share and what the round before left', () => {
  const rounds = roundsOf(kept.traces.rollover, 0)
  assert.ok(rounds.length > 10)
  const own = rounds[0]?.quota ?? 0
  for (const { step, quota, rolledIn, candidates, rolledOut, nfe } of rounds) {
    // The last rounds of a budget have what is left of it.
    if (nfe < kept.runs.rollover.nfe - own) assert.equal(quota, own + rolledIn, `round ${step}`)
    assert.ok(candidates.length <= quota, `round ${step}`)
    if (rolledOut > 0) assert.equal(candidates.length + rolledOut, quota, `round ${step}`)
  }
})
