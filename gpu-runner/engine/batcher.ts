/**
 * Merges the rows of waiting calls into batches, as many at once as there are lanes. Each batch takes one row of every payer
 * in turn, and of a payer's calls in turn, until it is full: a long call delays a short one by a batch, not by its length,
 * and who has many calls has no more than who has one. Nothing waits for a batch to fill: while one runs, the next fills.
 */

export interface BatcherOptions<Row, Answer> {
  /** Most rows of one batch, an integer >= 1. */
  readonly maxBatch: number
  /** Batches that may run at the same time, an integer >= 1. */
  readonly lanes: number
  /** One answer a row, same order. */
  readonly evaluate: (rows: readonly Row[]) => Promise<readonly Answer[]>
}

/** Whose rows they are. */
export interface Turn {
  readonly payer: string
  /** Gets the seats that the others leave. */
  readonly patient: boolean
}

interface Call<Row, Answer> {
  readonly rows: readonly Row[]
  readonly answers: Answer[]
  next: number
  unanswered: number
  failed: boolean
  readonly resolve: (answers: Answer[]) => void
  readonly reject: (reason: unknown) => void
}

interface Seat<Row, Answer> {
  readonly call: Call<Row, Answer>
  readonly at: number
}

/** Calls of each payer, in the order of their turns: a map keeps the order in which its keys came. */
type Line<Row, Answer> = Map<string, Call<Row, Answer>[]>

/**
 * Returns `submit(rows, turn)`, which resolves with one answer a row in the same order, or rejects with the error of the first
 * batch that failed; the other rows of such a call are not evaluated any more, unless they are being evaluated already.
 */
export function createBatcher<Row, Answer>({ maxBatch, lanes, evaluate }: BatcherOptions<Row, Answer>) {
  const [prompt, patient]: [Line<Row, Answer>, Line<Row, Answer>] = [new Map(), new Map()]
  let waiting = 0
  let idle = lanes

  async function runBatch(seats: readonly Seat<Row, Answer>[]): Promise<void> {
    try {
      const answers = await evaluate(seats.map(({ call, at }) => call.rows[at] as Row))
      for (const [index, { call, at }] of seats.entries()) answerRow(call, at, answers[index] as Answer)
    } catch (reason) {
      for (const { call } of seats) fail(call, reason)
    }
  }

  function fill(): void {
    while (idle > 0 && waiting > 0) {
      // What waits is shared among the lanes that have nothing to do.
      const seats = takeSeats(Math.min(maxBatch, Math.ceil(waiting / idle)))
      if (seats.length === 0) return
      idle--
      void runBatch(seats).then(() => {
        idle++
        fill()
      })
    }
  }

  function takeSeats(most: number): Seat<Row, Answer>[] {
    const seats: Seat<Row, Answer>[] = []
    while (seats.length < most) {
      const seat = takeSeat(prompt) ?? takeSeat(patient)
      if (seat === undefined) break
      seats.push(seat)
    }
    return seats
  }

  /** Who was served goes to the back of the line, call and payer both; who has nothing left leaves it. */
  function takeSeat(line: Line<Row, Answer>): Seat<Row, Answer> | undefined {
    for (const [payer, calls] of line) {
      line.delete(payer)
      const call = calls.shift()
      if (call === undefined) continue
      const seat = { call, at: call.next++ }
      waiting--
      if (call.next < call.rows.length) calls.push(call)
      if (calls.length > 0) line.set(payer, calls)
      return seat
    }
    return undefined
  }

  function fail(call: Call<Row, Answer>, reason: unknown): void {
    if (call.failed) return
    call.failed = true
    waiting -= call.rows.length - call.next
    call.next = call.rows.length
    for (const line of [prompt, patient])
      for (const calls of line.values()) if (calls.includes(call)) calls.splice(calls.indexOf(call), 1)
    call.reject(reason)
  }

  return (rows: readonly Row[], turn: Turn): Promise<readonly Answer[]> =>
    new Promise((resolve, reject) => {
      if (rows.length === 0) return resolve([])
      const line = turn.patient ? patient : prompt
      const calls = line.get(turn.payer) ?? []
      calls.push({ rows, answers: [], next: 0, unanswered: rows.length, failed: false, resolve, reject })
      line.set(turn.payer, calls)
      waiting += rows.length
      fill()
    })
}

function answerRow<Row, Answer>(call: Call<Row, Answer>, at: number, answer: Answer): void {
  call.answers[at] = answer
  if (--call.unanswered === 0) call.resolve(call.answers)
}
