/**
 * Takes messages from a queue, or from an urgent one and one that can wait, and works on several at once. A handler says
 * what becomes of its message; a process that dies says nothing, its lease and visibility run out, and the message comes to
 * another.
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
  /** A queue whose messages can wait: taken when the other has none, and then and again all the same (URGENT_IN_A_ROW). */
  readonly patientQueueUrl?: string
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
/** An answer that comes later than this after the end of its poll does not come any more. */
const POLL_MARGIN_SECONDS = 6
/** With two queues: how long a message of the patient one may wait for a process that rests. */
const POLL_URGENT_SECONDS = 5
/** After so many urgent messages a patient one comes first, if there is one: it waits longer, but not for ever. */
const URGENT_IN_A_ROW = 4
const PAUSE_AFTER_ERROR_MS = 1000
const MAX_VISIBILITY_SECONDS = 43_200

/** Receives until the signal aborts, then waits for the messages in hand. */
export const receiveMessages = async <Body>(on: Receiving<Body>): Promise<void> => {
  const receiveNext = on.patientQueueUrl === undefined ? () => longPoll(on) : alternate(on, on.patientQueueUrl)
  const lanes = Array.from({ length: on.concurrency }, () => receiveOneByOne(on, receiveNext))
  await Promise.all(lanes)
}

interface Taken {
  readonly raw: Message
  readonly queueUrl: string
}

type ReceiveNext = () => Promise<Taken | undefined>

const longPoll = <Body>(on: Receiving<Body>): Promise<Taken | undefined> =>
  receiveOne(on, { queueUrl: on.queueUrl, seconds: POLL_SECONDS })

/** All lanes count together. */
const alternate = <Body>(on: Receiving<Body>, patientQueueUrl: string): ReceiveNext => {
  let urgentInARow = 0
  const urgent = async (seconds: number) => {
    const taken = await receiveOne(on, { queueUrl: on.queueUrl, seconds })
    if (taken !== undefined) urgentInARow++
    return taken
  }
  const patient = () => {
    urgentInARow = 0
    return receiveOne(on, { queueUrl: patientQueueUrl, seconds: 0 })
  }
  return async () =>
    urgentInARow >= URGENT_IN_A_ROW
      ? ((await patient()) ?? (await urgent(POLL_URGENT_SECONDS)))
      : ((await urgent(0)) ?? (await patient()) ?? (await urgent(POLL_URGENT_SECONDS)))
}

const receiveOneByOne = async <Body>(on: Receiving<Body>, receiveNext: ReceiveNext): Promise<void> => {
  while (!on.signal.aborted) {
    try {
      const taken = await receiveNext()
      if (taken !== undefined) await workOn(on, taken)
    } catch (error) {
      if (on.signal.aborted) return
      console.error(JSON.stringify({ level: 'error', where: 'receive', error: String(error) }))
      await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_ERROR_MS))
    }
  }
}

const receiveOne = async <Body>(
  on: Receiving<Body>,
  { queueUrl, seconds }: { queueUrl: string; seconds: number },
): Promise<Taken | undefined> => {
  const { Messages } = await on.client.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 1,
      WaitTimeSeconds: seconds,
      VisibilityTimeout: on.visibilitySeconds,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    }),
    { abortSignal: on.signal, requestTimeout: (seconds + POLL_MARGIN_SECONDS) * 1000 },
  )
  const raw = Messages?.[0]
  return raw && { raw, queueUrl }
}

const workOn = async <Body>(on: Receiving<Body>, { raw, queueUrl }: Taken): Promise<void> => {
  const at = { QueueUrl: queueUrl, ReceiptHandle: raw.ReceiptHandle }
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
