import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { type Cloud, hangUp, identity, isExternal, KEY_ID, openCloud, refusal } from './cloud.ts'

let cloud: Cloud

before(async () => {
  cloud = await openCloud()
})
after(() => cloud.close())

const put = (Key: string, Body: string | Uint8Array, more: { ContentType?: string; IfNoneMatch?: string } = {}) =>
  cloud.s3.send(new PutObjectCommand({ Bucket: cloud.bucket, Key, Body, ...more }))

const get = async (Key: string, Range?: string): Promise<string> => {
  const { Body } = await cloud.s3.send(new GetObjectCommand({ Bucket: cloud.bucket, Key, ...(Range && { Range }) }))
  return (await Body?.transformToString()) ?? ''
}

const urlOf = (Key: string, expiresIn = 60) =>
  getSignedUrl(cloud.s3, new GetObjectCommand({ Bucket: cloud.bucket, Key }), { expiresIn })

test('an object comes back byte for byte, with its type, size and metadata', async () => {
  const Body = new Uint8Array(3 * 1024 * 1024).map((_, i) => (i * 31) % 251)
  const Key = 'outputs/a b/ü+&=.png'
  const stored = { Bucket: cloud.bucket, Key, Body, ContentType: 'image/png', Metadata: { seed: '7' } }
  await cloud.s3.send(new PutObjectCommand(stored))
  const read = await cloud.s3.send(new GetObjectCommand({ Bucket: cloud.bucket, Key }))
  assert.deepEqual([read.ContentType, read.ContentLength, read.Metadata], ['image/png', Body.length, { seed: '7' }])
  assert.ok(Buffer.from(Body).equals((await read.Body?.transformToByteArray()) ?? new Uint8Array()))
  const head = await cloud.s3.send(new HeadObjectCommand({ Bucket: cloud.bucket, Key }))
  assert.equal(head.ETag, read.ETag)
})

test('a streamed upload, whose checksum follows its body, is stored without the wrapping', async () => {
  const text = 'a stream of a hundred thousand characters '.repeat(2_500)
  const Body = Readable.from([Buffer.from(text)])
  await cloud.s3.send(new PutObjectCommand({ Bucket: cloud.bucket, Key: 'streamed', Body, ContentLength: text.length }))
  assert.equal(await get('streamed'), text)
})

test('ranges give the bytes asked for, first, last and middle, and 416 beyond the end', async () => {
  await put('digits', '0123456789')
  assert.equal(await get('digits', 'bytes=0-0'), '0')
  assert.equal(await get('digits', 'bytes=2-4'), '234')
  assert.equal(await get('digits', 'bytes=7-'), '789')
  assert.equal(await get('digits', 'bytes=-3'), '789')
  assert.equal(await get('digits', 'bytes=8-99'), '89')
  await refusal(get('digits', 'bytes=10-'), 'InvalidRange')
})

test('a presigned URL works for anyone who has it, until it expires', async () => {
  await put('shared', 'yours', { ContentType: 'text/plain' })
  // Signed in whole seconds: of one second little may be left.
  const url = await urlOf('shared', 2)
  const fresh = await fetch(url)
  assert.deepEqual([fresh.status, fresh.headers.get('content-type'), await fresh.text()], [200, 'text/plain', 'yours'])
  await setTimeout(3_100)
  const late = await fetch(url)
  assert.equal(late.status, 403)
  assert.match(await late.text(), /Request has expired/)
})

test('a presigned URL opens nothing else: not with a longer life, another key, method or signature', async () => {
  await put('mine', 'mine')
  await put('other', 'other')
  const url = await urlOf('mine', 60)
  const tampered = [
    url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'),
    url.replace('/mine?', '/other?'),
    url.replace(/X-Amz-Signature=(.)/, (_, c) => `X-Amz-Signature=${c === '0' ? '1' : '0'}`),
    url.replace(/X-Amz-Signature=[0-9a-f]+/, 'X-Amz-Signature='),
    `${url}&response-content-type=text/html`,
  ]
  for (const changed of tampered) assert.equal((await fetch(changed)).status, 403, changed)
  assert.equal((await fetch(url, { method: 'DELETE' })).status, 403)
  assert.equal(await get('mine'), 'mine')
})

test('a presigned URL can name the file that a browser saves', async () => {
  await put('named', 'x')
  const named = { Bucket: cloud.bucket, Key: 'named', ResponseContentDisposition: 'attachment; filename="seven.png"' }
  const response = await fetch(await getSignedUrl(cloud.s3, new GetObjectCommand(named)))
  assert.equal(response.headers.get('content-disposition'), 'attachment; filename="seven.png"')
})

test('a presigned upload takes a body without the key that signed it', async () => {
  const command = new PutObjectCommand({ Bucket: cloud.bucket, Key: 'uploaded' })
  // The checksum of an absent body must not be signed into the URL.
  const endpoint = cloud.endpoints.s3
  const signer = new S3Client({ ...identity(), endpoint, requestChecksumCalculation: 'WHEN_REQUIRED' })
  const url = await getSignedUrl(signer, command, { expiresIn: 60 })
  assert.equal((await fetch(url, { method: 'PUT', body: 'from outside' })).status, 200)
  assert.equal(await get('uploaded'), 'from outside')
})

test('anonymous requests, unknown keys and wrong secrets are refused', async () => {
  await put('private', 'secret')
  const plain = `${cloud.endpoints.s3}/${cloud.bucket}/private`
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
    assert.equal((await fetch(plain, { method })).status, 403, method)
  }
  assert.equal((await fetch(`${cloud.endpoints.s3}/${cloud.bucket}?list-type=2`)).status, 403)
  const as = (id: string, secret?: string) => new S3Client({ ...identity(id, secret), endpoint: cloud.endpoints.s3 })
  const read = () => new GetObjectCommand({ Bucket: cloud.bucket, Key: 'private' })
  await refusal(as('NOBODY').send(read()), 'InvalidAccessKeyId')
  await refusal(as(KEY_ID, 'wrong').send(read()), 'SignatureDoesNotMatch')
  assert.equal(await get('private'), 'secret')
})

test('keys that climb out of the bucket are refused, in paths, copies and deletions', async () => {
  const Bucket = cloud.bucket
  for (const Key of ['../outside', '../../../outside', 'a/../../outside', './outside']) {
    await refusal(put(Key, 'x'), 'InvalidArgument')
    await refusal(get(Key), 'InvalidArgument')
  }
  await refusal(
    cloud.s3.send(new CopyObjectCommand({ Bucket, Key: 'copied', CopySource: `${Bucket}/../../../outside` })),
    'InvalidArgument',
  )
  const Delete = { Objects: [{ Key: '../outside' }] }
  await refusal(cloud.s3.send(new DeleteObjectsCommand({ Bucket, Delete })), 'InvalidArgument')
})

test('with If-None-Match exactly one of ten writers creates the object, and it stays whole', async () => {
  const writers = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) => put('once', String(i).repeat(50_000), { IfNoneMatch: '*' })),
  )
  const won = writers.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []))
  assert.equal(won.length, 1)
  assert.equal(await get('once'), String(won[0]).repeat(50_000))
  await refusal(put('once', 'late', { IfNoneMatch: '*' }), 'PreconditionFailed')
})

test('an upload that breaks off leaves no object', async () => {
  const url = new URL(await getSignedUrl(cloud.s3, new PutObjectCommand({ Bucket: cloud.bucket, Key: 'half' })))
  await hangUp(cloud.endpoints.s3, [`PUT ${url.pathname}${url.search} HTTP/1.1`], Buffer.alloc(200_000))
  await setTimeout(100)
  await refusal(get('half'), 'NoSuchKey')
})

test('lists page through keys in their order, with prefix and folders', async () => {
  const keys = ['list/a-b', 'list/a.png', 'list/a/1', 'list/a/2', 'list/b', 'list/ü']
  await Promise.all(keys.toReversed().map((key) => put(key, key)))
  const found: (string | undefined)[] = []
  let ContinuationToken: string | undefined
  do {
    const page: { Bucket: string; Prefix: string; MaxKeys: number; ContinuationToken?: string } = {
      Bucket: cloud.bucket,
      Prefix: 'list/',
      MaxKeys: 2,
    }
    if (ContinuationToken) page.ContinuationToken = ContinuationToken
    const { Contents, NextContinuationToken } = await cloud.s3.send(new ListObjectsV2Command(page))
    found.push(...(Contents ?? []).map(({ Key }) => Key))
    ContinuationToken = NextContinuationToken
  } while (ContinuationToken)
  assert.deepEqual(found, keys)
  const folders = { Bucket: cloud.bucket, Prefix: 'list/', Delimiter: '/' }
  const { CommonPrefixes, KeyCount } = await cloud.s3.send(new ListObjectsV2Command(folders))
  assert.deepEqual([CommonPrefixes, KeyCount], [[{ Prefix: 'list/a/' }], 5])
})

test('deleting and writing in one folder at once loses nothing', async () => {
  const folder = Array.from({ length: 12 }, (_, i) => `busy/${i}`)
  await Promise.all(
    folder.map(async (key) => {
      await put(key, key)
      await cloud.s3.send(new DeleteObjectCommand({ Bucket: cloud.bucket, Key: key }))
      await put(`${key}-kept`, key)
    }),
  )
  const list = await cloud.s3.send(new ListObjectsV2Command({ Bucket: cloud.bucket, Prefix: 'busy/' }))
  assert.deepEqual(
    list.Contents?.map(({ Key }) => Key),
    folder.map((key) => `${key}-kept`).toSorted(),
  )
})

test('what is not emulated is refused instead of overwriting the object', { skip: isExternal }, async () => {
  await put('tagged', 'content')
  const tagging = { Bucket: cloud.bucket, Key: 'tagged', Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }
  await refusal(cloud.s3.send(new PutObjectTaggingCommand(tagging)), 'NotImplemented')
  assert.equal(await get('tagged'), 'content')
})
