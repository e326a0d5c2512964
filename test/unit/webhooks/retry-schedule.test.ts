import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  ATTEMPT_DELAYS_MS,
  type AttemptOutcome,
  MAX_ATTEMPTS,
  MAX_RETRY_AFTER_MS,
  nextAttempt,
  parseRetryAfter,
} from '../../../shared/domain/retry-schedule.ts'

const NOW = Date.UTC(2026, 10, 5, 12, 0, 0)
const HOUR = 3_600_000
const unavailable: AttemptOutcome = { kind: 'response', status: 503 }
const after = (retryAfter: string): AttemptOutcome => ({ kind: 'response', status: 503, retryAfter })

/** Time between the first and the last attempt of a delivery that always fails, and the attempts made. */
function runToTheEnd(jitter: number) {
  let now = NOW
  for (let attempt = 1; ; attempt += 1) {
    const next = nextAttempt({ attempt, outcome: unavailable, now, jitter })
    if (next.state !== 'pending') return { attempts: attempt, state: next.state, elapsed: now - NOW }
    now = next.dueAt
  }
}

describe('the retry schedule', () => {
  it('makes ten attempts over 75 h 35 min 5 s, give or take a fifth', () => {
    const total = 75 * HOUR + 35 * 60_000 + 5000
    assert.equal(MAX_ATTEMPTS, 10)
    assert.deepEqual(runToTheEnd(0.5), { attempts: 10, state: 'undelivered', elapsed: total })
    assert.deepEqual(runToTheEnd(0), { attempts: 10, state: 'undelivered', elapsed: total * 0.8 })
    const latest = runToTheEnd(1 - 2 ** -53).elapsed
    assert.ok(Math.abs(latest - total * 1.2) < 10, `${latest}`)
  })

  it('waits the delays of Standard Webhooks between attempts', () => {
    const seconds = ATTEMPT_DELAYS_MS.map((delay) => delay / 1000)
    assert.deepEqual(seconds, [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400])
  })

  it('keeps every delay within a fifth of the schedule, at a whole millisecond', () => {
    const attempts = fc.integer({ min: 1, max: MAX_ATTEMPTS - 1 })
    fc.assert(
      fc.property(attempts, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, jitter) => {
        const next = nextAttempt({ attempt, outcome: { kind: 'error', code: 'timeout' }, now: NOW, jitter })
        assert.equal(next.state, 'pending')
        if (next.state !== 'pending') return
        const share = (next.dueAt - NOW) / (ATTEMPT_DELAYS_MS[attempt] ?? 0)
        assert.ok(Number.isInteger(next.dueAt) && share >= 0.8 - 1e-3 && share <= 1.2 + 1e-3, `${share}`)
      }),
    )
  })
})

describe('an attempt', () => {
  const ending = (outcome: AttemptOutcome, attempt = 1) =>
    nextAttempt({ attempt, outcome, now: NOW, jitter: 0.5 }).state

  it('delivers on 2xx alone, also on the last attempt', () => {
    for (const status of [200, 201, 202, 204, 299]) {
      assert.equal(ending({ kind: 'response', status }), 'delivered')
      assert.equal(ending({ kind: 'response', status }, MAX_ATTEMPTS), 'delivered')
    }
  })

  it('disables the endpoint on 410, at any attempt', () => {
    for (const attempt of [1, 5, MAX_ATTEMPTS])
      assert.equal(ending({ kind: 'response', status: 410 }, attempt), 'disabled')
  })

  it('is tried again after redirects, other statuses and errors, and is undelivered when it was the last', () => {
    const failures: AttemptOutcome[] = [
      ...[100, 199, 300, 301, 302, 304, 307, 308, 400, 401, 404, 409, 411, 429, 500, 502, 503, 504, 999].map(
        (status): AttemptOutcome => ({ kind: 'response', status }),
      ),
      ...['timeout', 'connection', 'tls', 'dns', 'address_refused'].map(
        (code): AttemptOutcome => ({ kind: 'error', code }),
      ),
    ]
    for (const outcome of failures) {
      assert.equal(ending(outcome, 1), 'pending', JSON.stringify(outcome))
      assert.equal(ending(outcome, MAX_ATTEMPTS - 1), 'pending')
      assert.equal(ending(outcome, MAX_ATTEMPTS), 'undelivered')
      assert.equal(ending(outcome, MAX_ATTEMPTS + 1), 'undelivered')
    }
  })

  it('refuses to count from zero or to jitter outside [0, 1)', () => {
    for (const attempt of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => nextAttempt({ attempt, outcome: unavailable, now: NOW, jitter: 0 }), RangeError)
    }
    for (const jitter of [-0.1, 1, Number.NaN]) {
      assert.throws(() => nextAttempt({ attempt: 1, outcome: unavailable, now: NOW, jitter }), RangeError)
    }
  })
})

describe('retry-after', () => {
  const due = (outcome: AttemptOutcome, attempt = 1) => {
    const next = nextAttempt({ attempt, outcome, now: NOW, jitter: 0.5 })
    return next.state === 'pending' ? next.dueAt - NOW : next.state
  }

  it('postpones the next attempt, as seconds and as a date', () => {
    assert.equal(due(after('120')), 120_000)
    assert.equal(due(after('Thu, 05 Nov 2026 12:10:00 GMT')), 600_000)
  })

  it('never hastens it', () => {
    assert.equal(due(after('0')), 5000)
    assert.equal(due(after('1'), 4), 2 * HOUR)
    assert.equal(due(after('Thu, 05 Nov 2020 12:10:00 GMT')), 5000)
  })

  it('is capped, however large', () => {
    for (const value of ['86401', '9'.repeat(400), 'Thu, 05 Nov 2099 12:00:00 GMT']) {
      assert.equal(due(after(value)), MAX_RETRY_AFTER_MS, value)
    }
  })

  it('is ignored where it is neither seconds nor a date', () => {
    for (const value of ['', 'soon', '-5', '1.5', '1e9', '0x10', '2026-11-05', 'Thu, 99 Nov 2026 99:00:00 GMT']) {
      assert.equal(parseRetryAfter(value, NOW), undefined, value)
      assert.equal(due(after(value)), 5000, value)
    }
  })

  it('grants no eleventh attempt', () => {
    assert.equal(due(after('60'), MAX_ATTEMPTS), 'undelivered')
  })
})
