/** Outputs as the generation item has them: places in the bucket, not links. */
import type { OUTPUT_CONTENT_TYPES, OutputFormat } from '../contract/output.ts'
import type { Place } from '../contract/place.ts'
import type { RewardPart } from '../contract/reward.ts'

export interface StoredOutput {
  readonly key: string
  readonly width: number
  readonly height: number
  readonly content_type: (typeof OUTPUT_CONTENT_TYPES)[OutputFormat]
  readonly bytes: number
  readonly sha256: string
  readonly reward: number
  readonly parts: readonly RewardPart[]
  readonly found: Readonly<Record<string, number>> | null
  readonly exact: boolean | null
  readonly places?: readonly Place[] | null
  /** The same output in the other formats of its kind; none unless said. */
  readonly alternates?: readonly StoredAlternate[]
}

export interface StoredAlternate {
  readonly key: string
  readonly format: OutputFormat
  readonly content_type: (typeof OUTPUT_CONTENT_TYPES)[OutputFormat]
  readonly bytes: number
  readonly sha256: string
}
