import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeTime, isValid } from 'ulid'
import { DISABLE_AFTER_ATTEMPTS, DISABLE_AFTER_MS, isBeyondHope } from '../../../shared/domain/endpoint-health.ts'
import { eventIdAt } from '../../../shared/domain/event-id.ts'

const NOW = 1_800_000_000_000

describe('the id of an event', () => {
  it('is the same for the same subject and time, and another for any other', () => {
    assert.equal(eventIdAt(NOW, 'we_1 disabled'), eventIdAt(NOW, 'we_1 disabled'))
    assert.notEqual(eventIdAt(NOW, 'we_1 disabled'), eventIdAt(NOW, 'we_2 disabled'))
    assert.notEqual(eventIdAt(NOW, 'we_1 disabled'), eventIdAt(NOW + 1, 'we_1 disabled'))
  })

  it('is a ulid of its time, so that events sort by time', () => {
    const id = eventIdAt(NOW, 'we_1 disabled').replace(/^evt_/, '')
    assert.ok(isValid(id))
    assert.equal(decodeTime(id), NOW)
  })
})

describe('an endpoint', () => {
  it('is beyond hope only after days of failure and enough attempts', () => {
    const failing = (attempts: number) => ({ since: NOW, attempts })
    assert.ok(isBeyondHope(failing(DISABLE_AFTER_ATTEMPTS), NOW + DISABLE_AFTER_MS))
    assert.ok(!isBeyondHope(failing(DISABLE_AFTER_ATTEMPTS - 1), NOW + DISABLE_AFTER_MS))
    assert.ok(!isBeyondHope(failing(1000), NOW + DISABLE_AFTER_MS - 1))
  })
})
