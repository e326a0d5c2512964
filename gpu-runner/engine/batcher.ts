/**
 * Merges the rows of waiting calls into batches, as many at once as there are lanes. Each batch takes one row of every payer
 * in turn, and of a payer's calls in turn, until it is full: a long call delays a short one by a batch, not by its length,
 * and who has many calls has no more than who has one. Nothing waits for a batch to fill but for the end of its turn of the
 * event loop: searches that were answered together ask together.
 */

export interface BatcherOptions<Row, Answer> {
  /** Most rows of one batch, an integer >= 1. */
  readonly maxBatch: number
  /** One at least; each runs a batch at a time, those that stand first before the others. The first is always free. */
  readonly lanes: readonly Lane<Row, Answer>[]
  /** Whether nobody else can ask now: whoever is alone waits for nobody. Unless said, somebody may. */
  readonly isAlone?: () => boolean
}

export interface Lane<Row, Answer> {
  /** Whether it has nothing else to do than the batches of this batcher. */
  readonly isFree: () => boolean
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
export function createBatcher<Row, Answer>({ maxBatch, lanes, isAlone = () => false }: BatcherOptions<Row, Answer>) {
  const [prompt, patient]: [Line<Row, Answer>, Line<Row, Answer>] = [new Map(), new Map()]
  const running = new Set<Lane<Row, Answer>>()
  let waiting = 0
  let filling = false

  async function runBatch(lane: Lane<Row, Answer>, seats: readonly Seat<Row, Answer>[]): Promise<void> {
    running.add(lane)
    try {
      const answers = await lane.evaluate(seats.map(({ call, at }) => call.rows[at] as Row))
      for (const [index, { call, at }] of seats.entries()) answerRow(call, at, answers[index] as Answer)
    } catch (reason) {
      for (const { call } of seats) fail(call, reason)
    }
    running.delete(lane)
    fillSoon()
  }

  function fillSoon(): void {
    if (filling || waiting === 0) return
    filling = true
    if (isAlone()) fill()
    else setImmediate(fill)
  }

  function fill(): void {
    filling = false
    const idle = lanes.filter((lane) => !running.has(lane) && lane.isFree())
    for (const [index, lane] of idle.entries()) {
      // What waits is shared among the lanes that have nothing to do.
      const seats = takeSeats(Math.min(maxBatch, Math.ceil(waiting / (idle.length - index))))
      if (seats.length > 0) void runBatch(lane, seats)
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

  /** Without a line, where there is nobody to wait for. */
  async function runAtOnce(lane: Lane<Row, Answer>, rows: readonly Row[]): Promise<readonly Answer[]> {
    running.add(lane)
    try {
      return await lane.evaluate(rows)
    } finally {
      running.delete(lane)
      fillSoon()
    }
  }

  return (rows: readonly Row[], turn: Turn): Promise<readonly Answer[]> => {
    const [own] = lanes
    if (own !== undefined && rows.length === 1 && waiting === 0 && running.size === 0 && isAlone())
      return runAtOnce(own, rows)
    return new Promise((resolve, reject) => {
      if (rows.length === 0) return resolve([])
      const line = turn.patient ? patient : prompt
      const calls = line.get(turn.payer) ?? []
      calls.push({ rows, answers: [], next: 0, unanswered: rows.length, failed: false, resolve, reject })
      line.set(turn.payer, calls)
      waiting += rows.length
      fillSoon()
    })
  }
}

function answerRow<Row, Answer>(call: Call<Row, Answer>, at: number, answer: Answer): void {
  call.answers[at] = answer
  if (--call.unanswered === 0) call.resolve(call.answers)
}
