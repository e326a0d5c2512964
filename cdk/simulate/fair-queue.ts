/** A standard queue with message groups, as SQS deals it out: between accounts in turn, within one in order. */

export interface Waiting {
  readonly account: number
  readonly nfeBudget: number
  readonly nfeUsed: number
  readonly at: number
}

export interface FairQueue {
  add(waiting: Waiting): void
  /** A message that came back: the first of its account again. */
  giveBack(waiting: Waiting): void
  take(): Waiting | undefined
  readonly length: () => number
  /** NFEs that all that waits may use. */
  readonly nfe: () => number
}

interface Group {
  readonly items: Waiting[]
  head: number
}

/** Taken messages are dropped from an account's list in lots. */
const COMPACT_AT = 1000

export const createFairQueue = (): FairQueue => {
  const groups = new Map<number, Group>()
  // Accounts with messages, in the order of their turns.
  let turns: number[] = []
  let turn = 0
  let length = 0
  let nfe = 0
  const groupOf = (account: number): Group => {
    const known = groups.get(account)
    if (known !== undefined) return known
    const group = { items: [], head: 0 }
    groups.set(account, group)
    return group
  }
  const count = (waiting: Waiting, sign: 1 | -1) => {
    length += sign
    nfe += sign * waiting.nfeBudget
  }
  const enter = (group: Group, account: number) => {
    if (group.items.length === group.head) turns.push(account)
  }
  return {
    add: (waiting) => {
      const group = groupOf(waiting.account)
      enter(group, waiting.account)
      group.items.push(waiting)
      count(waiting, 1)
    },
    giveBack: (waiting) => {
      const group = groupOf(waiting.account)
      enter(group, waiting.account)
      group.items.splice(group.head, 0, waiting)
      count(waiting, 1)
    },
    take: () => {
      if (length === 0) return undefined
      turn %= turns.length
      const account = turns[turn] ?? 0
      const group = groupOf(account)
      const waiting = group.items[group.head++]
      if (waiting === undefined) throw new Error('an account without messages has a turn')
      if (group.items.length === group.head) {
        turns = turns.filter((each) => each !== account)
        group.items.length = 0
        group.head = 0
      } else turn++
      if (group.head > COMPACT_AT) {
        group.items.splice(0, group.head)
        group.head = 0
      }
      count(waiting, -1)
      return waiting
    },
    length: () => length,
    nfe: () => nfe,
  }
}
