import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNfeMeter } from '../../../gpu-runner/engine/meters.ts'
import { ModelError } from '../../../gpu-runner/engine/model-error.ts'
import { startThread } from '../../../gpu-runner/engine/thread.ts'
import { startThreads } from '../../../gpu-runner/engine/threads.ts'

const entry = new URL('./dying-thread.ts', import.meta.url)

/** What that thread never answers. */
const OPEN = {
  packFolder: '',
  threads: 1,
  provider: 'cpu',
  maxBatch: 1,
  nfe: createNfeMeter(),
  graphs: [],
} as const
const BEGIN = { evaluator: 1, prompt: '', terms: [], payer: '', patient: false, nfe: createNfeMeter() }
/** That thread asks nothing. */
const handlers = {
  score: async () => ({ value: [] }),
  report: async () => ({ value: undefined }),
}

const crashed = (sentence: RegExp) => (error: unknown) =>
  error instanceof ModelError && error.fault === 'crashed' && sentence.test(error.message)

function start() {
  const crash = Promise.withResolvers<ModelError>()
  const crashes: ModelError[] = []
  const thread = startThread({
    entry,
    handlers,
    onCrash: (error) => {
      crashes.push(error)
      crash.resolve(error)
    },
  })
  const loads = new Int32Array(new SharedArrayBuffer(4))
  const neverAnswered = () => thread.call('open', { ...OPEN, sessions: 1, loads, at: 0, siblings: [] })
  const dieOfError = () => thread.call('begin', BEGIN)
  return { thread, neverAnswered, dieOfError, crash: crash.promise, crashes }
}

test('an uncaught error in the thread rejects everything pending and reaches the owner once', async () => {
  const { neverAnswered, dieOfError, crash, crashes, thread } = start()
  const pending = [neverAnswered(), dieOfError(), neverAnswered()]
  for (const call of pending) await assert.rejects(call, crashed(/died: out of device memory/))
  assert.ok(crashed(/out of device memory/)(await crash))
  await assert.rejects(neverAnswered(), crashed(/out of device memory/))
  await thread.close()
  assert.equal(crashes.length, 1)
})

test('a thread that exits by itself is a crash too', async () => {
  const { neverAnswered, thread, crash } = start()
  const pending = neverAnswered()
  const ending = thread.call('end', { evaluator: 1 })
  await assert.rejects(pending, crashed(/ended by itself with code 3/))
  await assert.rejects(ending, crashed(/code 3/))
  await crash
})

test('a second close waits for the same end', async () => {
  const { thread, dieOfError } = start()
  await assert.rejects(dieOfError())
  await Promise.all([thread.close(), thread.close()])
})

test('when one of several threads dies all are gone, everything pending rejects, and the owner hears of it once', async () => {
  const crashes: ModelError[] = []
  const threads = startThreads(2, { entry, handlers, onCrash: (error) => crashes.push(error) })
  const opening = threads.open(OPEN)
  for (const call of [opening, threads.call('begin', BEGIN)])
    await assert.rejects(call, crashed(/out of device memory/))
  await assert.rejects(threads.open(OPEN), crashed(/out of device memory/))
  await threads.close()
  assert.equal(crashes.length, 1)
})
