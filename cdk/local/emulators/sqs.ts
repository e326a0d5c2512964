/** SQS on one machine: fauxqs's queues, kept in SQLite, on the loopback interface only. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage } from 'node:http'
import { type Emulator, LOOPBACK } from './loopback.ts'
import { loadFauxqs } from './packages.ts'
import type { App, Fauxqs, Persistence, QueueStore } from './types-sqs.ts'

const ACCOUNT = '000000000000'

export interface QueueSpec {
  name: string
  visibilityTimeoutSeconds?: number | undefined
  /** Messages received more than `maxReceiveCount` times go to `queue`, which must be among the queues too. */
  deadLetter?: { queue: string; maxReceiveCount: number } | undefined
}

export interface SqsOptions {
  dataDir: string
  /** 0 or absent: any free port. */
  port?: number
  queues: readonly QueueSpec[]
  /** Part of the queues' ARNs; requests may be signed for any region. */
  region?: string
}

export interface SqsEmulator extends Emulator {
  queueUrl(name: string): string
}

/**
 * Starts SQS with the queues named; queues and messages of an earlier start are kept, attributes are set anew.
 * What it has answered with a 2xx survives the death of the process (SQLite commits before the answer).
 * @throws Error if the port is taken or a dead letter queue is not among the queues.
 */
export async function startSqs(options: SqsOptions): Promise<SqsEmulator> {
  const { dataDir, port = 0, queues, region = 'us-east-1' } = options
  const fauxqs = await repairedFauxqs()
  const persistence = new fauxqs.PersistenceManager(dataDir)
  // A commit survives the death of the process without waiting for the disk; the default would wait, and hold up
  // every other emulator in this process meanwhile.
  persistence.db.exec('PRAGMA synchronous = NORMAL')
  const store = new fauxqs.SqsStore()
  store.region = region

  // Not startFauxqs(): it binds 0.0.0.0, whatever host it is given, and serves SNS and an S3 without authentication.
  const stores = { sqsStore: store, snsStore: new fauxqs.SnsStore(), s3Store: new fauxqs.S3Store() }
  const app = fauxqs.buildApp({ logger: false, stores })
  const ready = Promise.withResolvers<void>()
  guard(app, ready.promise)
  const endpoint = new URL(await app.listen({ port, host: LOOPBACK })).origin
  const queueUrl = (name: string) => `${endpoint}/${ACCOUNT}/${name}`

  store.buildQueueUrl = queueUrl
  loadQueues(persistence, { store, topics: stores.snsStore, baseUrl: queueUrl('') })
  for (const queue of queues) declareQueue(store, { queue, queueUrl, region })
  ready.resolve()
  return {
    endpoint,
    queueUrl,
    stop: async () => {
      await app.close()
      persistence.close()
    },
  }
}

/** Lets in SQS requests from programs only, and those only once the queues are loaded. */
function guard(app: App, ready: Promise<void>): void {
  app.addHook('onRequest', ({ raw }, reply, done) => {
    const { method, headers } = raw
    // Signatures are not checked, so a web page that posts to this port must be refused by its Origin.
    const fromProgram = method === 'POST' && headers.origin === undefined
    if (!fromProgram || !headers['x-amz-target']?.toString().startsWith('AmazonSQS.')) {
      reply.code(404).send({ __type: 'com.amazonaws.sqs#InvalidAction', message: 'Only SQS is served here' })
      return
    }
    void ready.then(done)
  })
  app.addHook('preHandler', ({ raw }, _reply, done) => caller.run(raw, done))
}

// The order matters: a queue created while persistence is attached is written with INSERT OR REPLACE, and replacing
// its row deletes all its messages. So the rows are loaded first, and persistence attached afterwards.
function loadQueues(persistence: Persistence, to: { store: QueueStore; topics: object; baseUrl: string }): void {
  // The port may differ from the last start's.
  persistence.db.prepare('UPDATE sqs_queues SET url = ? || name').run(to.baseUrl)
  persistence.loadSqsAndSns(to.store, to.topics)
  to.store.persistence = persistence
  for (const queue of to.store.allQueues()) queue.persistence = persistence
}

function declareQueue(
  store: QueueStore,
  wanted: { queue: QueueSpec; queueUrl: (name: string) => string; region: string },
): void {
  const { queue, queueUrl, region } = wanted
  const arn = (name: string) => `arn:aws:sqs:${region}:${ACCOUNT}:${name}`
  const { name, visibilityTimeoutSeconds, deadLetter } = queue
  const attributes = {
    ...(visibilityTimeoutSeconds !== undefined && { VisibilityTimeout: String(visibilityTimeoutSeconds) }),
    RedrivePolicy: deadLetter
      ? JSON.stringify({ deadLetterTargetArn: arn(deadLetter.queue), maxReceiveCount: deadLetter.maxReceiveCount })
      : '',
  }
  const queueInStore = store.getQueueByName(name) ?? store.createQueue(name, queueUrl(name), arn(name), {})
  queueInStore.setAttributes(attributes)
}

const caller = new AsyncLocalStorage<IncomingMessage>()
let repaired: Promise<Fauxqs> | undefined

/** fauxqs with its faults mended. The modules are shared by the process, so this is done once. */
function repairedFauxqs(): Promise<Fauxqs> {
  repaired ??= loadFauxqs().then(repair)
  return repaired
}

function repair(fauxqs: Fauxqs): Fauxqs {
  // Fault: ChangeMessageVisibility(0) sets the receive count, a NOT NULL column, to NULL: the call answers 500 and the
  // message is gone until a restart. The count must stay as it is.
  fauxqs.PersistenceManager.prototype.updateMessageReady = function (this: Persistence, messageId: string) {
    const sql = 'UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?'
    this.db.prepare(sql).run(messageId)
  }

  const { dequeue } = fauxqs.SqsQueue.prototype
  fauxqs.SqsQueue.prototype.dequeue = function (count, visibilitySeconds, deadLetter) {
    // Fault: a long poll whose client has died still receives, so the next message is hidden from the living for a
    // whole visibility timeout and one of its receives is wasted.
    if (caller.getStore()?.socket.destroyed) return []
    // Fault: a message moves to the dead letter queue by a delete and an insert of their own; a kill in between loses
    // it. All that one receive changes is committed at once.
    let received: ReturnType<typeof dequeue> = []
    const receive = () => {
      received = dequeue.call(this, count, visibilitySeconds, deadLetter)
    }
    if (this.persistence) this.persistence.transaction(receive)
    else receive()
    return received
  }
  return fauxqs
}
