/** Image tensors as files of the formats a client may ask for; the only file that imports sharp. */
import sharp, { type Sharp } from 'sharp'
import type { ImageFormat } from '../../shared/contract/output.ts'
import { encodePng, type ImageTensor, pixelsOf } from './png.ts'
import type { Picture } from './small-picture.ts'

/** Near the quality at which losses stop to be seen. Chroma is kept whole: small things in flat colours show it first. */
const LOSSY: Readonly<Record<Exclude<ImageFormat, 'png'>, (image: Sharp) => Sharp>> = {
  webp: (image) => image.webp({ quality: 92, smartSubsample: true }),
  jpeg: (image) => image.jpeg({ quality: 92, chromaSubsampling: '4:4:4' }),
}

/** Looked at for a moment: the least effort but one takes a third less time than the usual 4, for a sixth more bytes. */
const PREVIEW = { quality: 60, effort: 1 }
const THUMBNAILS = { quality: 55, effort: 1 }

/** 8 bits a channel, no metadata. On one machine the same tensor gives the same bytes; of PNG, on every machine. */
export async function encodeImage(image: ImageTensor, format: ImageFormat): Promise<Uint8Array> {
  if (format === 'png') return encodePng(image)
  const { width, height } = image
  return new Uint8Array(await LOSSY[format](sharpOf({ pixels: pixelsOf(image), width, height })).toBuffer())
}

/** A WebP to look at, of the picture's size. */
export async function encodePreview(picture: Picture): Promise<Uint8Array> {
  return new Uint8Array(await sharpOf(picture).webp(PREVIEW).toBuffer())
}

/** Pictures of one size as one WebP: one below the other, each `side` pixels wide. At least one. */
export async function encodeThumbnails(pictures: readonly Picture[], side: number): Promise<Uint8Array> {
  const [{ width, height } = { width: 1, height: 1 }] = pictures
  const pixels = new Uint8ClampedArray(pictures.length * 3 * width * height)
  for (const [at, picture] of pictures.entries()) pixels.set(picture.pixels, at * 3 * width * height)
  const column = sharpOf({ pixels, width, height: height * pictures.length })
  const tall = Math.max(1, Math.round((height * side) / width)) * pictures.length
  const small = column.resize({ width: side, height: tall, fit: 'fill' })
  return new Uint8Array(await small.webp(THUMBNAILS).toBuffer())
}

/** An SVG that we have drawn, as a picture whose longer side has `side` pixels. */
export async function rasterize(svg: Uint8Array, side: number): Promise<Picture> {
  const drawn = sharp(svg).resize({ width: side, height: side, fit: 'inside' }).flatten().removeAlpha()
  const { data, info } = await drawn.raw().toBuffer({ resolveWithObject: true })
  return { pixels: new Uint8ClampedArray(data), width: info.width, height: info.height }
}

function sharpOf({ pixels, width, height }: Picture): Sharp {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
}
