/** A generation as a stranger sees it: each field is named here, so that what is added to generations later stays inside. */
import type { SharedGeneration } from '../../../shared/contract/share.ts'
import { countsOf } from '../../../shared/domain/reward.ts'
import type { GenerationItem } from '../../../shared/stores/generations.ts'
import { LINK_SECONDS, presignOutput } from '../../../shared/stores/outputs.ts'
import { usageOf } from '../../../shared/stores/usage-of.ts'
import type { ApiContext } from '../context.ts'
import { viewAlternates } from '../generations/view-generation.ts'

/** @param endsAt when the share ends, epoch milliseconds: no link that it gives lives longer. */
export const viewShared = async (api: ApiContext, item: GenerationItem, endsAt: number): Promise<SharedGeneration> => {
  const seconds = Math.max(1, Math.min(LINK_SECONDS, Math.floor((endsAt - api.now()) / 1000)))
  const until = isoTime(api.now() + seconds * 1000)
  const asked = countsOf(item.reward)
  const { nfe_held, nfe_used, nfe_refunded, receipt_sha256 } = usageOf(item)
  return {
    status: item.status,
    stop_reason: item.stop_reason ?? null,
    pack: item.pack,
    prompt: item.prompt,
    // Its name alone: the address of a scoring server is nobody else's business.
    reward: item.reward.name,
    counts: asked === undefined ? null : { ...asked },
    search: item.search,
    seed: item.seed,
    nfe_budget: item.nfe_budget,
    target_reward: item.target_reward ?? null,
    format: item.format ?? 'png',
    created_at: isoTime(item.created_at),
    started_at: item.started_at === undefined ? null : isoTime(item.started_at),
    finished_at: item.finished_at === undefined ? null : isoTime(item.finished_at),
    result: item.result ?? null,
    usage: { nfe_held, nfe_used, nfe_refunded, receipt_sha256 },
    outputs: await Promise.all(
      (item.outputs ?? []).map(async ({ key, found, parts, alternates, ...output }) => ({
        ...output,
        parts: [...parts],
        found: found && { ...found },
        places: output.places ? [...output.places] : null,
        alternates: await viewAlternates(alternates, (other) => presignOutput(api.bucket, other, seconds)),
        url: await presignOutput(api.bucket, key, seconds),
        expires_at: until,
      })),
    ),
    trace:
      item.trace === undefined
        ? null
        : {
            sha256: item.trace.sha256,
            bytes: item.trace.bytes,
            lines: item.trace.lines,
            url: await presignOutput(api.bucket, item.trace.key, seconds),
          },
  }
}

const isoTime = (epochMs: number): string => new Date(epochMs).toISOString()
