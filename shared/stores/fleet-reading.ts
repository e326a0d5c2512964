/** The last reading of the fleet: one item for all, written by functions/backlog, read by whoever lets work in or sends it on. */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import { type FleetReading, isFresh } from '../domain/admission.ts'
import type { Table } from './store.ts'
import { FLEET_KEY } from './table.ts'

/** Undefined when there is none that anything may be decided by. Never rejects: without a reading everybody is let in. */
export type FleetReader = () => Promise<FleetReading | undefined>

/** Written again it is the newer one. */
export const putFleetReading = async (table: Table, reading: FleetReading): Promise<void> => {
  await table.client.send(new PutCommand({ TableName: table.name, Item: { ...FLEET_KEY, reading } }))
}

/** Nobody decides by anything newer than this: one read serves all requests of a process meanwhile. */
const KEEP_MS = 5000

export const createFleetReader = (table: Table, now: () => number): FleetReader => {
  let read: Promise<FleetReading | undefined> | undefined
  let readAt = -Infinity
  const look = async (): Promise<FleetReading | undefined> => {
    try {
      const { Item } = await table.client.send(new GetCommand({ TableName: table.name, Key: FLEET_KEY }))
      return Item?.['reading'] as FleetReading | undefined
    } catch (error) {
      console.error(JSON.stringify({ level: 'warn', where: 'fleet reading', error: String(error) }))
      return undefined
    }
  }
  return async () => {
    // A clock that was set back reads again.
    if (read === undefined || Math.abs(now() - readAt) >= KEEP_MS) {
      readAt = now()
      read = look()
    }
    const reading = await read
    return reading !== undefined && isFresh(reading, now()) ? reading : undefined
  }
}
