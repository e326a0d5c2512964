/** What every route can reach. Made once by a composition root. */
import type { PackManifest } from '../../shared/contract/pack.ts'
import type { DenyList } from '../../shared/domain/deny-list.ts'
import type { PromptTokenizer } from '../../shared/domain/prompt.ts'
import type { AddressPolicy } from '../../shared/domain/public-address.ts'
import type { ApiKey } from '../../shared/stores/api-keys.ts'
import type { FleetReader } from '../../shared/stores/fleet-reading.ts'
import type { Bucket } from '../../shared/stores/outputs.ts'
import type { Queues } from '../../shared/stores/queues.ts'
import type { Table } from '../../shared/stores/store.ts'
import type { Draw } from './http/draw.ts'

/** What the edge knows of a pack: no graphs, only what a request is checked against. */
export interface PackCard {
  readonly manifest: PackManifest
  readonly tokenizer: PromptTokenizer
}

export interface ApiContext {
  readonly table: Table
  readonly queues: Queues
  readonly bucket: Bucket
  readonly fleet: FleetReader
  readonly packs: ReadonlyMap<string, PackCard>
  /** What a prompt must not ask for. */
  readonly denied: DenyList
  /** Secret mixed into the HMAC of every key. */
  readonly keyPepper: string
  /** HMAC of the administration key. */
  readonly adminKeyHash: string
  readonly webhooks: AddressPolicy
  /** Where problem types and links point. */
  readonly publicUrl: string
  readonly reviewMs: number
  /** Requests of one account in a minute that change something. */
  readonly writesPerMinute: number
  /** What would wait longer to begin is refused. */
  readonly maxQueueSeconds: number
  /** Longest that `Prefer: wait` is granted. */
  readonly maxWaitSeconds: number
  readonly now: () => number
  readonly randomBytes: (length: number) => Uint8Array
}

/** Hono's environment: what middleware leaves for the routes behind it. */
export interface ApiEnv {
  Variables: { requestId: string; accountId: string; key: ApiKey; draw: Draw }
}
