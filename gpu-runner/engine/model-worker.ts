/**
 * A thread that has a pack's graphs. `session.run` blocks the thread it is called on: here it blocks nothing but the
 * next batch, while heartbeats, cancellation and SIGTERM stay on the main thread.
 */
import { parentPort } from 'node:worker_threads'
import type { PackManifest } from '../../shared/contract/pack.ts'
import { spellNumbers } from '../../shared/domain/prompt.ts'
import type { PackTokenizer } from '../../shared/domain/tokenizer.ts'
import { checkMemory } from '../pack/check-memory.ts'
import { encodeInputs } from '../pack/encode-inputs.ts'
import { type Conditioning, type Graphs, openGraphs } from '../pack/graphs.ts'
import { openTokenizers } from '../pack/open-tokenizers.ts'
import { PackError, readPack } from '../pack/read-pack.ts'
import type { GraphRun } from '../pack/session.ts'
import { surroundingsOf } from '../pack/surroundings.ts'
import { warmUp } from '../pack/warm-up.ts'
import { readFound } from '../reward/count.ts'
import { type Counted, prepareRewards, type RewardAsk } from '../reward/prepare.ts'
import { createRowEvaluator, type EvaluationRow, type RowEvaluation } from './evaluate-rows.ts'
import { keepConditionings } from './keep-conditionings.ts'
import { addRun, spendNfe } from './meters.ts'
import { ModelError } from './model-error.ts'
import { CLOSE, type ModelProtocol, type ModelReply, type ModelRequest } from './protocol.ts'
import { splitRows } from './rows.ts'

interface Opened {
  readonly manifest: PackManifest
  /** By file. */
  readonly tokenizers: ReadonlyMap<string, PackTokenizer>
  readonly graphs: Graphs
  /** Of the words that the encoder sees. */
  readonly encode: (words: string) => Promise<Conditioning>
  readonly evaluate: (rows: readonly EvaluationRow[]) => Promise<readonly RowEvaluation[]>
  readonly nfe: BigInt64Array
}

/** What one generation adds to each of its asks, encoded once. */
interface Begun {
  readonly conditioning: Conditioning
  readonly rewards: readonly RewardAsk[]
  /** The first of them that counts. */
  readonly counted: Counted | undefined
  readonly images: boolean
  readonly spend: () => void
  readonly pictureSide?: number
}

type Handlers = {
  [Name in keyof ModelProtocol]: (
    request: ModelProtocol[Name]['request'],
  ) => Promise<{ value: ModelProtocol[Name]['reply']; transfer?: readonly ArrayBuffer[] }>
}

let opened: Opened | undefined
const evaluators = new Map<number, Begun>()

const handlers: Handlers = {
  open: async ({ packFolder, threads, provider, sessions, nfe, graphs: meters }) => {
    const pack = await readPack(packFolder)
    if (provider === 'cpu') checkMemory(pack.manifest, { availableBytes: process.availableMemory(), sessions })
    const tokenizers = await openTokenizers(pack)
    let warm = false
    const onRun = (run: GraphRun): void => {
      if (warm) addRun(meters, run)
    }
    const graphs = await openGraphs(pack, { threads, provider, onRun })
    await warmUp(graphs, { manifest: pack.manifest, tokenizers, batches: [1] })
    warm = true
    const evaluate = createRowEvaluator(graphs, pack.manifest)
    const encode = keepConditionings((words) => graphs.encode(encodeInputs(pack.manifest, tokenizers, words)))
    opened = { manifest: pack.manifest, tokenizers, graphs, encode, evaluate, nfe }
    return { value: pack.manifest }
  },

  begin: async ({ evaluator, prompt, rewards, images, pictureSide, nfe }) => {
    const { manifest, tokenizers, encode, nfe: total } = theModel()
    const words = spellNumbers(prompt, manifest)
    const prepared = refuse(() => prepareRewards(rewards, { manifest, prompt: words, tokenizers }))
    const conditioning = await encode(words)
    const spend = () => {
      spendNfe(nfe)
      spendNfe(total)
    }
    const watched = pictureSide === undefined ? {} : { pictureSide }
    evaluators.set(evaluator, { conditioning, ...prepared, images, spend, ...watched })
    return { value: surroundingsOf(manifest, conditioning) }
  },

  evaluate: async ({ latents, asks }) => {
    const each = splitRows(latents, asks.length)
    const rows = asks.map(({ evaluator, ...ask }, index) => {
      const { counted: _, ...shared } = begun(evaluator)
      return { ...ask, latent: each[index] as Float32Array, ...shared }
    })
    const value = await theModel().evaluate(rows)
    return { value, transfer: value.flatMap(buffersOf) }
  },

  render: async ({ evaluator, latent }) => {
    const { graphs } = theModel()
    const { rewards: asked, counted } = begun(evaluator)
    const image = await graphs.decode([latent])
    const scores = []
    for (const { name, input } of asked) scores.push(await graphs.rewards.get(name)?.score(image, [input]))
    const rewards = scores.map((score) => score?.rewards[0] ?? Number.NaN)
    const { counts: soft, peaks } = (counted && scores[counted.at]) ?? {}
    const value = {
      // A copy: memory that the runtime owns cannot be transferred.
      image: image.slice(),
      rewards,
      ...(counted && soft && { found: readFound(counted.graph, { soft, peaks, asked: counted.counts }) }),
    }
    return { value, transfer: [bufferOf(value.image)] }
  },

  end: async ({ evaluator }) => {
    evaluators.delete(evaluator)
    return { value: undefined }
  },
}

function theModel(): Opened {
  if (opened === undefined) throw new ModelError('request', 'the model is not open')
  return opened
}

function begun(evaluator: number): Begun {
  const found = evaluators.get(evaluator)
  if (found === undefined) throw new ModelError('request', 'this evaluator has ended')
  return found
}

function refuse<T>(act: () => T): T {
  try {
    return act()
  } catch (cause) {
    throw new ModelError('request', messageOf(cause), { cause })
  }
}

async function answer<Name extends keyof ModelProtocol>({ id, name, body }: ModelRequest<Name>): Promise<void> {
  try {
    const { value, transfer = [] } = await handlers[name](body as never)
    reply({ id, value }, transfer)
  } catch (error) {
    const fault = error instanceof ModelError ? error.fault : error instanceof PackError ? 'pack' : 'graph'
    reply({ id, fault, message: messageOf(error) }, [])
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const buffersOf = ({ velocity, gradients = [], image, picture }: RowEvaluation): ArrayBuffer[] => [
  ...[velocity, ...gradients, image].flatMap((floats) => (floats ? [bufferOf(floats)] : [])),
  ...(picture ? [picture.pixels.buffer] : []),
]

const bufferOf = (floats: Float32Array): ArrayBuffer => floats.buffer as ArrayBuffer

const reply = (message: ModelReply, transfer: readonly ArrayBuffer[]): void =>
  parentPort?.postMessage(message, transfer)

parentPort?.on('message', (message: ModelRequest | typeof CLOSE) => {
  // Messages come between two runs, so exiting here never cuts through native code.
  if (message === CLOSE) process.exit(0)
  void answer(message)
})
