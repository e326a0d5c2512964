/**
 * The table of a test's stores moved into this process: the same client and the same emulator, without the sockets and the
 * second process between them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { openDynamoDb } from '../../cdk/local/emulators/dynamodb.ts'
import type { Table } from '../../shared/stores/store.ts'
import { tableDefinition } from '../../shared/stores/table.ts'

interface Sent {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** From here on `table` is another, empty one. @returns what ends it. */
export const moveInProcess = async ({ client, name }: Table): Promise<() => Promise<void>> => {
  const dynamodb = await openDynamoDb()
  const ask = (operation: string, body: object) =>
    dynamodb.respond(`DynamoDB_20120810.${operation}`, JSON.stringify(body))
  await ask('CreateTable', tableDefinition(name))
  while (!JSON.stringify(await ask('DescribeTable', { TableName: name })).includes('"TableStatus":"ACTIVE"'))
    await sleep(1)
  const handle = async ({ headers, body }: Sent) => {
    const answer = await dynamodb.respond(headers['x-amz-target'], new TextDecoder().decode(body))
    return { response: { statusCode: answer.status, headers: {}, body: Buffer.from(JSON.stringify(answer.body)) } }
  }
  Object.assign(client.config.requestHandler, { handle })
  return () => dynamodb.close()
}
