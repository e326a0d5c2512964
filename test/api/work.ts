/** The real runner on a model in closed form: a test that wants to stop time between two evaluations needs no network. */

import { type ContentCheck, createContentCheck } from '../../gpu-runner/content/check-content.ts'
import type { Evaluator } from '../../gpu-runner/engine/evaluator.ts'
import { hostSearch } from '../../gpu-runner/engine/host-search.ts'
import type { Model } from '../../gpu-runner/engine/model.ts'
import type { ImageTensor } from '../../gpu-runner/image/png.ts'
import { smallPicture } from '../../gpu-runner/image/small-picture.ts'
import { isPixelTerm } from '../../gpu-runner/reward/terms.ts'
import type { Ask } from '../../gpu-runner/search/search.ts'
import { type WorkContext, workOnGeneration } from '../../gpu-runner/worker/work-on-generation.ts'
import type { Disposal } from '../../shared/aws/receive-messages.ts'
import { contentPolicySchema } from '../../shared/contract/content-policy.ts'
import {
  finishGeneration,
  type GenerationItem,
  getGeneration,
  leaseGeneration,
} from '../../shared/stores/generations.ts'
import { evaluateClosedForm } from '../unit/engine/closed-form.ts'
import type { Edge } from './edge.ts'

export interface TestRunner {
  /** Works on one generation as if its message had come. */
  work(named: { accountId: string; generationId: string }, receiveCount?: number): Promise<Disposal>
  /** Latents the model was run on, over all generations and attempts. */
  nfe(): number
}

export interface RunnerOptions {
  readonly now?: () => number
  /** Called before each evaluation, with how many came before it; what it returns is awaited. */
  readonly beforeEvaluation?: (calls: number) => Promise<unknown> | undefined
  readonly leaseMs?: number
  readonly checkpointEvery?: WorkContext['checkpointEvery']
  readonly stopping?: AbortSignal
  readonly content?: ContentCheck
  /** Beside the model in closed form. */
  readonly packs?: WorkContext['packs']
}

export const createRunner = (edge: Edge, options: RunnerOptions = {}): TestRunner => {
  const { model, nfe } = closedFormModel(edge, options)
  const on: WorkContext = {
    ...edge.api,
    packs: new Map([[model.manifest.name, { model, profiles: new Map() }], ...(options.packs ?? [])]),
    content: options.content ?? createContentCheck(contentPolicySchema.parse({})),
    leaseMs: options.leaseMs ?? 30_000,
    maxTries: 3,
    checkpointEvery: options.checkpointEvery ?? { ms: 10_000, nfe: 100 },
    stopping: options.stopping ?? new AbortController().signal,
    now: options.now ?? edge.api.now,
  }
  return {
    nfe,
    work: ({ accountId, generationId }, receiveCount = 1) =>
      workOnGeneration(on, {
        message: { account_id: accountId, generation_id: generationId },
        receiveCount,
        extend: async () => undefined,
      }),
  }
}

const closedFormModel = (edge: Edge, { beforeEvaluation }: RunnerOptions): { model: Model; nfe: () => number } => {
  const manifest = edge.api.packs.get('emoji-world')?.manifest
  if (manifest === undefined) throw new Error('the edge has no pack')
  const [height, width] = manifest.resolution
  let total = 0
  let calls = 0
  const imageOf = (latent: Float32Array): ImageTensor => ({
    data: Float32Array.from({ length: 3 * width * height }, (_, at) => latent[at % latent.length] ?? 0),
    width,
    height,
  })
  const begin: Model['begin'] = async ({ terms, pictureSide }): Promise<Evaluator> => {
    let nfe = 0
    const outside = terms.filter(isPixelTerm)
    /** What graphs would say is known in closed form; terms outside of them are asked. */
    const rewardOf = async (ask: Ask) => {
      const known = evaluateClosedForm(ask)
      if (outside.length === 0 || known.reward === undefined) return known
      const said = await Promise.all(outside.map(({ score }) => score([imageOf(ask.latent)])))
      return { ...known, reward: said.reduce((sum, [one = 0], at) => sum + (outside[at]?.weight ?? 1) * one, 0) }
    }
    const evaluator: Evaluator = {
      search: async ({ interruption: shouldStop = () => undefined, onReport: report = () => undefined, ...order }) => {
        const { evaluate } = evaluator
        const { outcome, last } = await hostSearch({ manifest, order, evaluate, shouldStop, report, reportEveryMs: 0 })
        report(last)
        return outcome
      },
      evaluate: async (asks) => {
        await beforeEvaluation?.(calls++)
        nfe += asks.length
        total += asks.length
        return Promise.all(
          asks.map(async (ask) => {
            const evaluation = await rewardOf(ask)
            if (pictureSide === undefined || evaluation.reward === undefined) return evaluation
            return { ...evaluation, picture: smallPicture(imageOf(ask.latent), pictureSide) }
          }),
        )
      },
      render: async (latent) => {
        const { reward = 0 } = await rewardOf({ latent, t: 0, wants: 'reward' })
        const parts = terms.map(({ name, weight }) => ({ name, weight, reward }))
        const counts = terms.some((term) => !isPixelTerm(term) && term.counts !== undefined)
        const found = counts ? { found: { bear: 1 }, exact: false } : undefined
        return { output: { kind: 'image', ...imageOf(latent) }, reward, parts, found }
      },
      nfe: () => nfe,
      end: async () => undefined,
    }
    return evaluator
  }
  const none = { runs: 0, rows: 0, ms: 0 }
  const model: Model = {
    manifest,
    begin,
    nfe: () => total,
    meters: () => ({ encode: none, velocity: none, decode: none, reward: none, gradient: none }) as never,
    close: async () => undefined,
  }
  return { model, nfe: () => total }
}

/** A runner that dies right after it has ended its generation, before anything followed. @returns the ended item. */
export const endUnsettled = async (
  { api }: Edge,
  { nfeUsed, ...named }: { accountId: string; generationId: string; nfeUsed: number },
): Promise<GenerationItem> => {
  const lease = await leaseGeneration(api.table, { ...named, now: api.now(), leaseMs: 1000 })
  if (lease.kind !== 'leased') throw new Error(`it is ${lease.kind}`)
  const result = {
    reward: 0,
    parts: [{ name: 'count', weight: 1, reward: 0 }],
    counts: { asked: { balloon: 7 }, found: { balloon: 7 }, exact: true },
  }
  const ending = { status: 'succeeded', stop_reason: 'target_reward', nfe_used: nfeUsed, result, outputs: [] } as const
  const { fence } = lease.generation
  await finishGeneration(api.table, { ...named, fence, ending, now: api.now(), reviewAt: api.now() + api.reviewMs })
  const ended = await getGeneration(api.table, named)
  if (ended === undefined) throw new Error('the generation is gone')
  return ended
}
