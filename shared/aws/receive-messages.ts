/**
 * Takes messages from a queue and works on several at once. A handler says what becomes of its message; a
 * process that dies says nothing, its lease and visibility run out, and the message comes to another.
 */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'

/** What becomes of a message: gone for good, or back after a while. */
export type Disposal = { readonly kind: 'delete' } | { readonly kind: 'return'; readonly afterSeconds: number }

export interface Received<Body> {
  readonly message: Body
  /** How often it was handed out, this time included. */
  readonly receiveCount: number
  /** Keeps the message invisible for another term. */
  extend(): Promise<void>
}

export interface Receiving<Body> {
  readonly client: SQSClient
  readonly queueUrl: string
  /** Throws on a body that is none; such a message comes back until the queue's own limit moves it aside. */
  readonly parse: (body: unknown) => Body
  /** Messages worked on at once. */
  readonly concurrency: number
  /** How long a message stays invisible without renewal. */
  readonly visibilitySeconds: number
  readonly handle: (received: Received<Body>) => Promise<Disposal>
  readonly signal: AbortSignal
}

const POLL_SECONDS = 20
const PAUSE_AFTER_ERROR_MS = 1000
const MAX_VISIBILITY_SECONDS = 43_200

/** Receives until the signal aborts, then waits for the messages in hand. */
export const receiveMessages = async <Body>(on: Receiving<Body>): Promise<void> => {
  const lanes = Array.from({ length: on.concurrency }, () => receiveOneByOne(on))
  await Promise.all(lanes)
}

const receiveOneByOne = async <Body>(on: Receiving<Body>): Promise<void> => {
  while (!on.signal.aborted) {
    try {
      const message = await receiveOne(on)
      if (message !== undefined) await workOn(on, message)
    } catch (error) {
      if (on.signal.aborted) return
      console.error(JSON.stringify({ level: 'error', where: 'receive', error: String(error) }))
      await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_ERROR_MS))
    }
  }
}

const receiveOne = async <Body>(on: Receiving<Body>): Promise<Message | undefined> => {
  const { Messages } = await on.client.send(
    new ReceiveMessageCommand({
      QueueUrl: on.queueUrl,
      MaxNumberOfMessages: 1,
      WaitTimeSeconds: POLL_SECONDS,
      VisibilityTimeout: on.visibilitySeconds,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    }),
    { abortSignal: on.signal },
  )
  return Messages?.[0]
}

const workOn = async <Body>(on: Receiving<Body>, raw: Message): Promise<void> => {
  const at = { QueueUrl: on.queueUrl, ReceiptHandle: raw.ReceiptHandle }
  const disposal = await on.handle({
    message: on.parse(JSON.parse(raw.Body ?? '')),
    receiveCount: Number(raw.Attributes?.ApproximateReceiveCount ?? 1),
    extend: async () => {
      await on.client.send(new ChangeMessageVisibilityCommand({ ...at, VisibilityTimeout: on.visibilitySeconds }))
    },
  })
  if (disposal.kind === 'delete') await on.client.send(new DeleteMessageCommand(at))
  else {
    const VisibilityTimeout = Math.min(MAX_VISIBILITY_SECONDS, Math.max(0, Math.ceil(disposal.afterSeconds)))
    await on.client.send(new ChangeMessageVisibilityCommand({ ...at, VisibilityTimeout }))
  }
}
