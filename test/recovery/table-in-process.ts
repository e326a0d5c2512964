/**
 * The table of a test's stores moved into this process: the same requests to the same emulator, without the sockets and the
 * second process between them.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { openDynamoDb } from '../../cdk/local/emulators/dynamodb.ts'
import { DYNAMODB, failedCondition, MARSHALL } from '../../shared/aws/send-directly.ts'
import type { Table } from '../../shared/stores/store.ts'
import { tableDefinition } from '../../shared/stores/table.ts'

type Command = { readonly input: Readonly<Record<string, unknown>> }

/** From here on `table` is another, empty one. @returns what ends it. */
export const moveInProcess = async ({ client, name }: Table): Promise<() => Promise<void>> => {
  const dynamodb = await openDynamoDb()
  const ask = async (operation: string, body: object) => {
    const { status, body: content } = await dynamodb.respond(`${DYNAMODB.target}.${operation}`, JSON.stringify(body))
    return { status, content: content as Readonly<Record<string, unknown>> }
  }
  await ask('CreateTable', tableDefinition(name))
  while (!JSON.stringify(await ask('DescribeTable', { TableName: name })).includes('"TableStatus":"ACTIVE"'))
    await sleep(1)
  const throughSdk = sdkClient((target, body) => dynamodb.respond(target, body))
  const send = async (command: Command): Promise<unknown> => {
    const operation = DYNAMODB.operations.get(command.constructor)
    if (operation === undefined) return throughSdk.send(command as never)
    const answer = await ask(operation, DYNAMODB.write(command.input))
    if (answer.status === 200) return DYNAMODB.read(answer.content)
    throw failedCondition(answer) ?? new Error(JSON.stringify(answer.content))
  }
  Object.assign(client, { send })
  return () => dynamodb.close()
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** For transactions and the like. */
const sdkClient = (respond: (target: unknown, body: string) => Promise<{ status: number; body: object }>) => {
  const handle = async ({ headers, body }: Sent) => {
    const answer = await respond(headers['x-amz-target'], new TextDecoder().decode(body))
    return { response: { statusCode: answer.status, headers: {}, body: Buffer.from(JSON.stringify(answer.body)) } }
  }
  const client = new DynamoDBClient({ requestHandler: { handle } as never })
  return DynamoDBDocumentClient.from(client, { marshallOptions: { ...MARSHALL } })
}
