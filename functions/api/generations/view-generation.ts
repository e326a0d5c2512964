/** A stored generation as clients see it, with links made for this answer. */
import type { Generation } from '../../../shared/contract/generation.ts'
import { DEFAULT_PRIORITY } from '../../../shared/contract/priority.ts'
import { DEFAULT_RETENTION_SECONDS, expiresAt } from '../../../shared/domain/retention.ts'
import { deliveryIdOf, outputLink } from '../../../shared/stores/complete-generation.ts'
import { getDelivery } from '../../../shared/stores/deliveries.ts'
import type { GenerationItem } from '../../../shared/stores/generations.ts'
import { LINK_SECONDS, presignOutput } from '../../../shared/stores/outputs.ts'
import type { StoredAlternate } from '../../../shared/stores/stored-output.ts'
import { usageOf } from '../../../shared/stores/usage-of.ts'
import type { ApiContext } from '../context.ts'
import { viewReward } from './view-reward.ts'

export const viewGeneration = async (api: ApiContext, item: GenerationItem): Promise<Generation> => ({
  object: 'generation',
  id: item.id,
  status: item.status,
  stop_reason: item.stop_reason ?? null,
  pack: item.pack,
  prompt: item.prompt,
  reward: viewReward(item.reward),
  search: item.search,
  seed: item.seed,
  nfe_budget: item.nfe_budget,
  target_reward: item.target_reward ?? null,
  n_outputs: item.n_outputs ?? 1,
  format: item.format ?? 'png',
  previews: item.previews ?? false,
  priority: item.priority ?? DEFAULT_PRIORITY,
  deadline_at: isoTimeOrNull(item.deadline_at),
  start_by: isoTimeOrNull(item.start_by),
  cancel_requested_at: isoTimeOrNull(item.cancel_requested_at),
  created_at: isoTime(item.created_at),
  estimated_start_at: item.status === 'queued' ? isoTimeOrNull(item.estimated_start_at) : null,
  started_at: isoTimeOrNull(item.started_at),
  finished_at: isoTimeOrNull(item.finished_at),
  progress: item.progress ?? null,
  usage: usageOf(item),
  result: item.result ?? null,
  outputs: await viewOutputs(api, item),
  outputs_held_back: item.outputs_held_back ?? 0,
  trace: viewTrace(api.publicUrl, item),
  extends: item.extends?.generation_id ?? null,
  extendable: item.checkpoint !== undefined,
  webhook: await viewWebhook(api, item),
  error: item.error ?? null,
  batch: item.batch_id === undefined ? null : { id: item.batch_id, line: item.batch_line ?? 0 },
  metadata: { ...item.metadata },
  retention_seconds: item.retention_seconds ?? DEFAULT_RETENTION_SECONDS,
  expires_at: isoTimeOrNull(expiresAt(item)),
})

const isoTime = (epochMs: number): string => new Date(epochMs).toISOString()
const isoTimeOrNull = (epochMs: number | undefined): string | null => (epochMs === undefined ? null : isoTime(epochMs))

const viewOutputs = (api: ApiContext, item: GenerationItem): Promise<Generation['outputs']> =>
  Promise.all(
    (item.outputs ?? []).map(async ({ key, alternates, ...output }, index) => ({
      ...output,
      url: await presignOutput(api.bucket, key),
      link: outputLink(api.publicUrl, item.id, index),
      expires_at: isoTime(api.now() + LINK_SECONDS * 1000),
      parts: [...output.parts],
      found: output.found && { ...output.found },
      places: output.places ? [...output.places] : null,
      alternates: await viewAlternates(alternates, (other) => presignOutput(api.bucket, other)),
    })),
  )

/** @param linkTo makes the link to a key. */
export const viewAlternates = (
  stored: readonly StoredAlternate[] = [],
  linkTo: (key: string) => Promise<string>,
): Promise<Generation['outputs'][number]['alternates']> =>
  Promise.all(stored.map(async ({ key, ...alternate }) => ({ ...alternate, url: await linkTo(key) })))

/** A stable link: the route behind it makes a presigned one at each request. */
const viewTrace = (publicUrl: string, { id, trace }: GenerationItem): Generation['trace'] => {
  if (trace === undefined) return null
  const { sha256, bytes, lines, profile_sha256 = null } = trace
  return { url: `${publicUrl}/v1/generations/${id}/trace`, sha256, bytes, lines, profile_sha256 }
}

const viewWebhook = async (api: ApiContext, item: GenerationItem): Promise<Generation['webhook']> => {
  if (item.webhook_url === undefined) return null
  const delivery = await getDelivery(api.table, { accountId: item.account_id, deliveryId: deliveryIdOf(item.id) })
  return { url: item.webhook_url, state: delivery?.state ?? 'pending', attempts: delivery?.attempts.length ?? 0 }
}
