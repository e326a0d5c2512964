/** Audits every account of the service, one after the other. */
import { listAccounts } from '../../shared/stores/accounts.ts'
import type { Bucket } from '../../shared/stores/outputs.ts'
import type { Table } from '../../shared/stores/store.ts'
import { auditBooks, auditObjects, type Difference, readBooks } from './audit-account.ts'

export interface Audit {
  readonly accounts: number
  readonly generations: number
  readonly entries: number
  readonly differences: readonly Difference[]
}

const PAGE = 100

export const auditService = async (on: { table: Table; bucket: Bucket }): Promise<Audit> => {
  const totals = { accounts: 0, generations: 0, entries: 0 }
  const differences: Difference[] = []
  let after: string | undefined
  do {
    const page = await listAccounts(on.table, { limit: PAGE, ...(after !== undefined && { after }) })
    for (const { id } of page.accounts) {
      const books = await readBooks(on.table, id)
      if (books === undefined) continue
      totals.accounts++
      totals.generations += books.generations.length
      totals.entries += books.entries.length
      differences.push(...auditBooks(books), ...(await auditObjects(on.bucket, books)))
    }
    after = page.next
  } while (after !== undefined)
  return { ...totals, differences }
}
