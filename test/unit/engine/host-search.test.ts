/** A search beside the graphs, on a model in closed form: what its owner hears of it, and when. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostSearch, type SearchReport, taskOn } from '../../../gpu-runner/engine/host-search.ts'
import type { Interruption } from '../../../gpu-runner/engine/interruption.ts'
import { runSearch } from '../../../gpu-runner/engine/run-search.ts'
import type { Ask, CandidateRecord } from '../../../gpu-runner/search/search.ts'
import { SEARCHES } from '../../../gpu-runner/search/searches.ts'
import { packManifestSchema } from '../../../shared/contract/pack.ts'
import { packFile } from '../pack/pack-folder.ts'
import { evaluateClosedForm } from './closed-form.ts'

const manifest = packManifestSchema.parse(JSON.parse(new TextDecoder().decode(await packFile('pack.json'))))
const TASK = { nfeBudget: 40, seed: 3, outputs: 1 }
const ORDER = { search: 'rbf', task: TASK } as const

/** What is seen of an ask: a picture of one pixel, told apart by its width. */
const pictureOf = ({ latent }: Ask) => ({ pixels: new Uint8ClampedArray(3), width: latent[0] ?? 0, height: 1 })

async function host({ reportEveryMs = 0, shouldStop = (): Interruption | undefined => undefined, from = {} } = {}) {
  const reports: SearchReport[] = []
  const asked: Ask[] = []
  const { outcome, last } = await hostSearch({
    manifest,
    order: { ...ORDER, ...from },
    evaluate: async (asks) => {
      asked.push(...asks)
      return asks.map((ask) => ({ ...evaluateClosedForm(ask), picture: pictureOf(ask) }))
    },
    shouldStop,
    report: (report) => reports.push(report),
    reportEveryMs,
  })
  return { outcome, reports: [...reports, last], asked }
}

const whole = async () => {
  const records: CandidateRecord[] = []
  const outcome = await runSearch({
    search: SEARCHES.rbf,
    task: taskOn(manifest, TASK),
    evaluate: async (asks) => asks.map(evaluateClosedForm),
    onTold: (told) => records.push(...told.records),
  })
  return { outcome, records }
}

for (const reportEveryMs of [0, 1e6])
  test(`told every ${reportEveryMs} ms, each record is reported once, in order, with its picture`, async () => {
    const expected = await whole()
    const { outcome, reports, asked } = await host({ reportEveryMs })
    assert.deepEqual(outcome, expected.outcome)
    assert.deepEqual(
      reports.flatMap(({ records }) => records),
      expected.records,
    )
    assert.deepEqual(
      reports.flatMap(({ pictures }) => pictures),
      asked.map(pictureOf),
    )
    // The first is told at once, whatever comes after.
    assert.equal(reports.length > 2, reportEveryMs === 0)
    assert.equal(reports[0]?.records[0]?.nfe, 1)
    assert.equal(reports.at(-1)?.stand?.progress.nfeUsed, 40)
  })

test('the state of any report is one to go on from, to the same end', async () => {
  const { outcome, reports } = await host()
  const { stand } = structuredClone(reports[5]) as SearchReport
  const rest = await host({ from: { from: stand?.state } })
  assert.deepEqual(rest.outcome.answers, outcome.answers)
  assert.equal(rest.asked.length, 40 - (stand?.progress.nfeUsed ?? 0))
})

test('interrupted before its first evaluation it has nothing to say', async () => {
  const { outcome, reports, asked } = await host({ shouldStop: () => 'deadline' })
  assert.deepEqual(outcome, { answers: [], nfeUsed: 0, stop: 'deadline', records: 0 })
  assert.deepEqual([reports, asked], [[{ records: [], pictures: [] }], []])
})
