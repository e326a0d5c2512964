/**
 * Merges the rows of waiting calls into batches: each batch takes one row of every call in turn, round after round, until
 * it is full. So a long call delays a short one by a batch, not by its length, and small calls share a batch.
 */

export interface BatcherOptions<Row, Answer> {
  /** Most rows of one batch, an integer >= 1. */
  readonly maxBatch: number
  /** One answer a row, same order. Called again only after it has settled. */
  readonly evaluate: (rows: readonly Row[]) => Promise<readonly Answer[]>
}

interface Call<Row, Answer> {
  readonly rows: readonly Row[]
  readonly answers: Answer[]
  next: number
  readonly resolve: (answers: Answer[]) => void
  readonly reject: (reason: unknown) => void
}

interface Seat<Row, Answer> {
  readonly call: Call<Row, Answer>
  readonly at: number
}

/**
 * Returns `submit(rows)`, which resolves with one answer a row in the same order, or rejects with the error of the first
 * batch that failed; the other rows of such a call are not evaluated any more.
 */
export function createBatcher<Row, Answer>({ maxBatch, evaluate }: BatcherOptions<Row, Answer>) {
  const waiting: Call<Row, Answer>[] = []
  let draining = false

  async function drain(): Promise<void> {
    if (draining) return
    draining = true
    while (waiting.length > 0) {
      const seats = takeSeats(waiting, maxBatch)
      try {
        const answers = await evaluate(seats.map(({ call, at }) => call.rows[at] as Row))
        for (const [index, { call, at }] of seats.entries()) call.answers[at] = answers[index] as Answer
        for (const call of callsOf(seats)) if (call.next === call.rows.length) call.resolve(call.answers)
      } catch (reason) {
        for (const call of callsOf(seats)) {
          const index = waiting.indexOf(call)
          if (index >= 0) waiting.splice(index, 1)
          call.reject(reason)
        }
      }
    }
    draining = false
  }

  return (rows: readonly Row[]): Promise<readonly Answer[]> =>
    new Promise((resolve, reject) => {
      if (rows.length === 0) return resolve([])
      waiting.push({ rows, answers: [], next: 0, resolve, reject })
      void drain()
    })
}

/** Takes rows by turns; a call that was served goes to the back of the line, one without rows left leaves it. */
function takeSeats<Row, Answer>(waiting: Call<Row, Answer>[], maxBatch: number): Seat<Row, Answer>[] {
  const seats: Seat<Row, Answer>[] = []
  while (seats.length < maxBatch) {
    const call = waiting.shift()
    if (call === undefined) break
    seats.push({ call, at: call.next++ })
    if (call.next < call.rows.length) waiting.push(call)
  }
  return seats
}

const callsOf = <Row, Answer>(seats: readonly Seat<Row, Answer>[]) => new Set(seats.map(({ call }) => call))
