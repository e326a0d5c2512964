/**
 * A thread that has a pack's graphs, and the searches that are evaluated on them. `session.run` blocks the thread it is called
 * on: here it blocks nothing but these searches, while heartbeats, cancellation and SIGTERM stay on the main thread.
 */
import { availableParallelism } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { checkMemory } from '../pack/check-memory.ts'
import { encodeInputs } from '../pack/encode-inputs.ts'
import { type Graphs, openGraphs } from '../pack/graphs.ts'
import { openTokenizers } from '../pack/open-tokenizers.ts'
import { readPack } from '../pack/read-pack.ts'
import type { GraphRun } from '../pack/session.ts'
import { warmUp } from '../pack/warm-up.ts'
import { createBatcher } from './batcher.ts'
import { type BeginContext, type Begun, beginGeneration, rowOf } from './begun.ts'
import { type AskContext, evaluateAsks, type SeenEvaluation } from './evaluate-asks.ts'
import { createRowEvaluator } from './evaluate-rows.ts'
import { hostSearch, type SearchReport } from './host-search.ts'
import { readInterruption } from './interruption.ts'
import { keepConditionings } from './keep-conditionings.ts'
import { addRun, spendNfe } from './meters.ts'
import { faultOf, ModelError } from './model-error.ts'
import { createPeer, type Handlers, type Port } from './peer.ts'
import type { ModelProtocol, OwnerProtocol } from './protocol.ts'
import { renderLatent } from './render-latent.ts'
import { shareRows } from './share-rows.ts'

/** Half of what people who watch see at once: a report copies the state, for which evaluations wait. */
const REPORT_EVERY_MS = 200

interface Opened extends BeginContext {
  readonly graphs: Graphs
  readonly submit: AskContext['submit']
  /** Does not count the work as something that this thread has to do: its siblings may use its graphs meanwhile. */
  readonly aside: <T>(work: () => Promise<T>) => Promise<T>
}

let opened: Opened | undefined
const generations = new Map<number, Begun>()

const handlers: Handlers<ModelProtocol> = {
  open: async (request) => {
    opened = await openModel(request)
    return { value: opened.manifest }
  },

  begin: async (request) => {
    generations.set(request.evaluator, await beginGeneration(theModel(), request))
    return { value: undefined }
  },

  evaluate: async ({ evaluator, asks }) => {
    const value = await evaluateAsks(askContext(evaluator), begun(evaluator), asks)
    return { value, transfer: value.flatMap(evaluationBuffers) }
  },

  search: async ({ evaluator, order, interruption }) => {
    const [generation, context, { manifest, aside }] = [begun(evaluator), askContext(evaluator), theModel()]
    const host = () =>
      hostSearch({
        manifest,
        order,
        evaluate: (asks) => evaluateAsks(context, generation, asks),
        shouldStop: () => readInterruption(interruption),
        report: (report) => owner.tell('report', { evaluator, report }, pictureBuffers(report)),
        reportEveryMs: REPORT_EVERY_MS,
      })
    const value = await (generation.turn.patient ? aside(host) : host())
    return { value, transfer: pictureBuffers(value.last) }
  },

  render: async ({ evaluator, latent }) => {
    const { graphs } = theModel()
    const value = await renderLatent({ ...askContext(evaluator), graphs }, begun(evaluator), latent)
    return { value, transfer: [value.output.data.buffer as ArrayBuffer] }
  },

  end: async ({ evaluator }) => {
    generations.delete(evaluator)
    return { value: undefined }
  },

  // Messages come between two runs, so exiting here never cuts through native code.
  close: async () => process.exit(0),
}

const owner = createPeer<ModelProtocol, OwnerProtocol>(parentPort as Port, { handlers, faultOf })

async function openModel(request: ModelProtocol['open']['request']): Promise<Opened> {
  const { packFolder, threads, provider, sessions, maxBatch, nfe, graphs: meters, loads, at } = request
  const pack = await readPack(packFolder)
  const { manifest } = pack
  if (provider === 'cpu') checkMemory(manifest, { availableBytes: process.availableMemory(), sessions })
  const tokenizers = await openTokenizers(pack)
  let warm = false
  const onRun = (run: GraphRun): void => {
    if (warm) addRun(meters[at] as Float64Array, run)
  }
  const crowd = {
    threads: Math.max(1, Math.floor(availableParallelism() / sessions)),
    isThere: () => loads.some((load, other) => other !== at && load > 0),
  }
  const graphs = await openGraphs(pack, { threads, provider, onRun, ...(provider === 'cpu' && { crowd }) })
  await warmUp(graphs, { manifest, tokenizers, batches: [1] })
  warm = true
  const evaluate = createRowEvaluator(graphs, manifest)
  const lanes = shareRows({
    ...request,
    evaluateHere: (rows) => evaluate(rows.map((row) => rowOf(row, begun(row.evaluator)))),
    hasBegun: (evaluator) => generations.has(evaluator),
  })
  return {
    manifest,
    tokenizers,
    graphs,
    encode: keepConditionings((words) => graphs.encode(encodeInputs(manifest, tokenizers, words))),
    submit: createBatcher({ maxBatch, lanes, isAlone: () => loads[at] === 1 }),
    spend: (meter) => {
      spendNfe(meter)
      spendNfe(nfe)
    },
    aside: async (work) => {
      Atomics.sub(loads, at, 1)
      try {
        return await work()
      } finally {
        Atomics.add(loads, at, 1)
      }
    },
  }
}

function theModel(): Opened {
  if (opened === undefined) throw new ModelError('request', 'the model is not open')
  return opened
}

function begun(evaluator: number): Begun {
  const found = generations.get(evaluator)
  if (found === undefined) throw new ModelError('request', 'this evaluator has ended')
  return found
}

const askContext = (evaluator: number): AskContext => {
  const { manifest, submit, aside } = theModel()
  return { manifest, submit, scoreOutside: (images) => aside(() => owner.call('score', { evaluator, images })) }
}

const evaluationBuffers = ({ velocity, gradient, picture }: SeenEvaluation): ArrayBuffer[] => [
  ...[velocity, gradient].flatMap((floats) => (floats ? [floats.buffer as ArrayBuffer] : [])),
  ...pixelsOf(picture),
]

const pictureBuffers = ({ pictures }: SearchReport): ArrayBuffer[] => pictures.flatMap(pixelsOf)

/** Of a path there is no more than its numbers, which are copied. */
const pixelsOf = (picture: SeenEvaluation['picture']): ArrayBuffer[] =>
  picture !== undefined && 'pixels' in picture ? [picture.pixels.buffer] : []
