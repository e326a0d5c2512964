/** Where a pack lies in S3: its files by their names under a prefix. */
import { PackError } from '../pack/read-pack.ts'

export interface S3Place {
  readonly bucket: string
  readonly prefix: string
}

export const isS3Url = (where: string): boolean => where.startsWith('s3://')

/** Throws PackError on anything but s3://bucket/prefix. */
export const s3PlaceOf = (url: string): S3Place => {
  const [, bucket, prefix] = /^s3:\/\/([^/]+)\/(.+?)\/*$/.exec(url) ?? []
  if (bucket === undefined || prefix === undefined) throw new PackError(`${url} is not s3://bucket/prefix.`)
  return { bucket, prefix }
}

export const keyOf = ({ prefix }: S3Place, file: string): string => `${prefix}/${file}`
