/** Searches in the threads of the pack that ships: several at once, interrupted, failing outside, and with rows for two threads. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { SearchReport } from '../../../gpu-runner/engine/host-search.ts'
import { type Model, openModel } from '../../../gpu-runner/engine/model.ts'
import { ModelError } from '../../../gpu-runner/engine/model-error.ts'
import { type Term, termsOf } from '../../../gpu-runner/reward/terms.ts'
import type { SearchName } from '../../../gpu-runner/search/searches.ts'
import { EMOJI_WORLD } from '../pack/pack-folder.ts'

const COUNT = termsOf({ name: 'count', counts: { cat: 2, tree: 3 } })

describe('searches in threads', () => {
  let one: Model
  let two: Model
  before(async () => {
    one = await openModel({ packFolder: EMOJI_WORLD, threads: 1 })
    two = await openModel({ packFolder: EMOJI_WORLD, threads: 2, sessions: 2 })
  })
  after(() => Promise.all([one.close(), two.close()]))

  const begin = (model: Model, terms: readonly Term[] = COUNT) =>
    model.begin({ prompt: 'two cats and three trees', terms })
  const search = async (model: Model, { name = 'rbf' as SearchName, seed = 1, nfeBudget = 12 } = {}) => {
    const evaluator = await begin(model)
    const outcome = await evaluator.search({ search: name, task: { nfeBudget, seed, outputs: 1 } })
    assert.equal(evaluator.nfe(), outcome.nfeUsed)
    evaluator.end()
    return outcome
  }

  test('many at once in two threads come to what each comes to alone in one', async () => {
    const names: SearchName[] = ['rbf', 'best-of-n', 'rbf', 'smc', 'rbf']
    const alone = []
    for (const [seed, name] of names.entries()) alone.push(await search(one, { name, seed }))
    assert.deepEqual(await Promise.all(names.map((name, seed) => search(two, { name, seed }))), alone)
  })

  test('a thread that has nothing to do takes half of the rows of the other', async () => {
    const evaluator = await begin(two)
    const asks = [1, 2, 3, 4].map((seed) => ({
      latent: Float32Array.from({ length: 64 * 32 }, (_, i) => Math.sin(seed * i)),
      t: 0.8,
      wants: 'both' as const,
    }))
    const before = two.meters().velocity
    const shared = await evaluator.evaluate(asks)
    const { runs, rows } = two.meters().velocity
    assert.deepEqual([runs - before.runs, rows - before.rows], [2, 4])
    assert.equal(evaluator.nfe(), 4)
    assert.deepEqual(shared, await (await begin(one)).evaluate(asks))
  })

  test('what its owner says ends a search before its next evaluation, with its best so far', async () => {
    const evaluator = await begin(one)
    const reports: SearchReport[] = []
    const outcome = await evaluator.search({
      search: 'rbf',
      task: { nfeBudget: 4000, seed: 1, outputs: 1 },
      interruption: () => (reports.length > 0 ? 'canceled' : undefined),
      onReport: (report) => reports.push(report),
    })
    assert.equal(outcome.stop, 'canceled')
    assert.ok(outcome.nfeUsed < 4000 && outcome.nfeUsed === evaluator.nfe(), `${outcome.nfeUsed} NFEs`)
    assert.equal(outcome.answers.length, 1)
    assert.equal(reports.flatMap(({ records }) => records).length, outcome.records)
    assert.equal(reports.at(-1)?.stand?.progress.nfeUsed, outcome.nfeUsed)
  })

  test('interrupted and sent again from its last state, in another thread, it comes to the same end', async () => {
    const whole = await search(one, { nfeBudget: 60 })
    const order = { search: 'rbf', task: { nfeBudget: 60, seed: 1, outputs: 1 } } as const
    const evaluator = await begin(one)
    const reports: SearchReport[] = []
    const onReport = (report: SearchReport) => void reports.push(report)
    const interruption = () => (reports.length > 0 ? ('stopped' as const) : undefined)
    const first = await evaluator.search({ ...order, interruption, onReport })
    const state = reports.at(-1)?.stand?.state
    const rest = await (await begin(two)).search({ ...order, from: state, onReport })
    assert.ok(first.nfeUsed < 60, `${first.nfeUsed} NFEs`)
    assert.deepEqual(rest.answers, whole.answers)
    assert.deepEqual(
      reports.flatMap(({ records }) => records.map(({ nfe }) => nfe)),
      Array.from({ length: 60 }, (_, at) => at + 1),
    )
  })

  test('a watched one comes with a picture of each image that was scored', async () => {
    const evaluator = await one.begin({ prompt: 'two cats', terms: COUNT, pictureSide: 32 })
    const reports: SearchReport[] = []
    await evaluator.search({
      search: 'rbf',
      task: { nfeBudget: 25, seed: 1, outputs: 1 },
      onReport: (report) => reports.push(report),
    })
    for (const { records, pictures } of reports)
      for (const [at, { reward }] of records.entries())
        assert.deepEqual(
          [pictures[at]?.width, pictures[at]?.height],
          reward === undefined ? [undefined, undefined] : [32, 32],
        )
    assert.ok(reports.length > 1)
  })

  test('one that is not heard ends with the error of its owner, and a second one is refused', async () => {
    const evaluator = await begin(one)
    const deaf = new Error('no trace was written')
    const task = { nfeBudget: 4000, seed: 1, outputs: 1 }
    const running = evaluator.search({
      search: 'rbf',
      task,
      onReport: () => {
        throw deaf
      },
    })
    await assert.rejects(evaluator.search({ search: 'rbf', task }), /has a search that runs/)
    await assert.rejects(running, (error) => error === deaf)
    assert.ok(evaluator.nfe() < 4000)
  })

  test('closing ends those that run, with rows in both threads', async () => {
    const closing = await openModel({ packFolder: EMOJI_WORLD, threads: 1, sessions: 2 })
    const evaluator = await begin(closing)
    const running = evaluator.search({ search: 'smc', task: { nfeBudget: 4000, seed: 1, outputs: 1 } })
    const rejected = assert.rejects(running, (error) => error instanceof ModelError && error.fault === 'closed')
    while (evaluator.nfe() === 0) await new Promise(setImmediate)
    await closing.close()
    await rejected
  })

  test('what a term outside the graphs rejects with is what the search rejects with, and no other search', async () => {
    class ServerDown extends Error {}
    const down = new ServerDown('the server is down')
    const broken = await begin(one, [...COUNT, { name: 'mine', weight: 1, score: async () => Promise.reject(down) }])
    const task = { nfeBudget: 20, seed: 1, outputs: 1 }
    const [failed, well] = await Promise.allSettled([broken.search({ search: 'rbf', task }), search(one)])
    assert.ok(failed.status === 'rejected' && failed.reason === down)
    assert.equal(well.status, 'fulfilled')
  })

  test('a term outside the graphs is asked for each scored image, and counts with its weight', async () => {
    const widths: number[] = []
    const flat = {
      name: 'mine',
      weight: 100,
      score: async (images: readonly { width: number }[]) => {
        widths.push(...images.map(({ width }) => width))
        return images.map(() => 1)
      },
    }
    const outside = await begin(one, [...COUNT, flat])
    const task = { nfeBudget: 6, seed: 1, outputs: 1 }
    const { answers } = await outside.search({ search: 'best-of-n', task })
    const without = await search(one, { name: 'best-of-n', nfeBudget: 6 })
    assert.ok(Math.abs((answers[0]?.reward ?? 0) - 100 - (without.answers[0]?.reward ?? 0)) < 1e-9)
    assert.ok(widths.length > 0 && widths.every((width) => width === 128))
  })
})
