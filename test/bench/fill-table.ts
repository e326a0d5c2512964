/**
 * Ended generations by the hundred thousand, written past DynamoDB's operations straight into the emulator's LevelDB: through its port
 * a million would take an hour. Only while no emulator runs on the folder.
 */
import { join } from 'node:path'
import { marshall } from '@aws-sdk/util-dynamodb'
import { encodeTime } from 'ulid'
import { repairedDynalite } from '../../cdk/local/emulators/dynamodb-repairs.ts'
import type { Item, Table, Write } from '../../cdk/local/emulators/types-dynamodb.ts'
import { type GenerationItem, keyOf } from '../../shared/stores/generations.ts'
import { ledgerKey, settleEntry } from '../../shared/stores/ledger.ts'
import { tableDefinition } from '../../shared/stores/table.ts'

const WRITES_AT_ONCE = 5000
const DAY_MS = 86_400_000
const DIGITS_AFTER_TIME = 16

export interface Filling {
  /** As services.ts keeps them. */
  readonly dataFolder: string
  readonly tableName: string
  readonly accountId: string
  readonly keyId: string
  /** Epoch milliseconds of the newest; the others lie before it. */
  readonly newest: number
  readonly perDay: number
  /** The `from`th newest to the one before the `to`th. */
  readonly from: number
  readonly to: number
  /** performance.now() after which nothing more is written. */
  readonly until: number
}

/** Each generation with its ledger entry. Returns how many generations there are now. Written twice they are there once. */
export async function fillTable(filling: Filling): Promise<number> {
  const { db } = repairedDynalite()
  const store = db.create({ path: join(filling.dataFolder, 'services', 'dynamodb') })
  await store.db.open()
  const table = tableDefinition(filling.tableName) as unknown as Table
  const put = (item: object): Write => {
    const value = marshall(item) as Item
    return { type: 'put', key: `item-${filling.tableName}~${db.createKey(value, table)}`, value }
  }
  let writes: Write[] = []
  let at = filling.from
  for (; at < filling.to && performance.now() < filling.until; at++) {
    const generation = endedGeneration(filling, at)
    const entry = settleEntry(generation)
    const key = keyOf({ accountId: filling.accountId, generationId: generation.id })
    writes.push(put({ ...generation, ...key }), put({ ...entry, ...ledgerKey(entry) }))
    if (writes.length < WRITES_AT_ONCE) continue
    await store.db.batch(writes)
    writes = []
  }
  await store.db.batch(writes)
  await store.db.close()
  return at
}

function endedGeneration({ accountId, keyId, newest, perDay }: Filling, at: number): GenerationItem {
  const createdAt = Math.round(newest - (at * DAY_MS) / perDay)
  const id = `gen_${encodeTime(createdAt)}${String(at).padStart(DIGITS_AFTER_TIME, '0')}`
  const counts = { balloon: 7, bear: 4, swan: 4 }
  const reward = -0.032
  const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  return {
    id,
    account_id: accountId,
    key_id: keyId,
    status: 'succeeded',
    stop_reason: 'budget',
    pack: 'emoji-world',
    prompt: 'seven balloons, four bears, and four swans',
    reward: { name: 'count', counts },
    search: 'rbf',
    seed: at,
    nfe_budget: 500,
    nfe_used: 500,
    micro_usd_per_nfe: 20,
    price_list: '2026-11-01',
    metadata: { project: 'menagerie' },
    // The longest there is: all of them are still kept.
    retention_seconds: 365 * 86_400,
    created_at: createdAt,
    started_at: createdAt + 200,
    finished_at: createdAt + 7000,
    fence: 1,
    progress: { nfe_used: 500, step: 120, steps: 120, best_reward: reward, quota: 4, rolled_over: 9 },
    result: {
      reward,
      parts: [{ name: 'count', weight: 1, reward }],
      counts: { asked: counts, found: counts, exact: true },
    },
    outputs: [
      {
        key: `${accountId}/${id}/1-0.png`,
        width: 128,
        height: 128,
        content_type: 'image/png',
        bytes: 21_000,
        sha256,
        reward,
        parts: [{ name: 'count', weight: 1, reward }],
        found: counts,
        exact: true,
      },
    ],
    trace: { key: `${accountId}/${id}/1.jsonl`, bytes: 61_000, lines: 420, sha256 },
  }
}
