/** Texts that are kept where others may see them: sealed by AES-256-GCM, so that nobody reads or changes them without the key. */
import { createCipheriv, createDecipheriv } from 'node:crypto'

const IV_BYTES = 12
const TAG_BYTES = 16

/** @param key 32 bytes. @param iv 12 bytes, never used twice with one key. */
export const sealText = (text: string, key: Uint8Array, iv: Uint8Array): Buffer => {
  if (iv.length !== IV_BYTES) throw new RangeError(`an iv has ${IV_BYTES} bytes`)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed])
}

/** Throws when the key is another, or the bytes are not what was sealed. */
export const openText = (bytes: Uint8Array, key: Uint8Array): string => {
  if (bytes.length < IV_BYTES + TAG_BYTES) throw new RangeError('too short to have been sealed')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
}
