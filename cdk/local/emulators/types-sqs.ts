/** The part of fauxqs 2.4.1 that the SQS emulator touches, as read from its source. */
import type { IncomingMessage, Server } from 'node:http'

export interface QueueMessage {
  MessageId: string
  ReceiptHandle: string
}

export interface Queue {
  name: string
  url: string
  attributes: Record<string, string>
  persistence?: Persistence | undefined
  setAttributes(attributes: Record<string, string>): void
  dequeue(count: number, visibilitySeconds: number | undefined, deadLetter: unknown): QueueMessage[]
}

export interface QueueStore {
  region: string
  persistence?: Persistence
  createQueue(name: string, url: string, arn: string, attributes: Record<string, string>): Queue
  getQueueByName(name: string): Queue | undefined
  allQueues(): Iterable<Queue>
  buildQueueUrl(name: string, port: string, host: string, region: string): string
}

/** Write-through to SQLite (journal in WAL mode); every call is synchronous. */
export interface Persistence {
  db: {
    exec(sql: string): void
    prepare(sql: string): { run(...values: string[]): void }
  }
  transaction(run: () => void): void
  updateMessageReady(messageId: string): void
  loadSqsAndSns(queues: QueueStore, topics: object): void
  close(): void
}

interface Reply {
  code(status: number): Reply
  send(body: object): void
}

/** A Fastify instance. */
export interface App {
  server: Server
  addHook(
    name: 'onRequest' | 'preHandler',
    hook: (request: { raw: IncomingMessage }, reply: Reply, done: () => void) => void,
  ): void
  listen(address: { port: number; host: string }): Promise<string>
  close(): Promise<void>
}

export interface Fauxqs {
  buildApp(options: { logger: boolean; stores: object }): App
  PersistenceManager: new (folder: string) => Persistence
  SqsStore: new () => QueueStore
  SqsQueue: { prototype: Queue }
  SnsStore: new () => object
  S3Store: new () => object
}
