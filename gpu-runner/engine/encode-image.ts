/** Image tensors as files of the formats a client may ask for; the only file that imports sharp. */
import sharp, { type Sharp } from 'sharp'
import type { ImageFormat } from '../../shared/contract/generation.ts'
import { encodePng, type ImageTensor, pixelsOf } from './png.ts'

/** Near the quality at which losses stop to be seen. Chroma is kept whole: small things in flat colours show it first. */
const LOSSY: Readonly<Record<Exclude<ImageFormat, 'png'>, (image: Sharp) => Sharp>> = {
  webp: (image) => image.webp({ quality: 92, smartSubsample: true }),
  jpeg: (image) => image.jpeg({ quality: 92, chromaSubsampling: '4:4:4' }),
}

const PREVIEW_QUALITY = 60

/** 8 bits a channel, no metadata. On one machine the same tensor gives the same bytes; of PNG, on every machine. */
export async function encodeImage(image: ImageTensor, format: ImageFormat): Promise<Uint8Array> {
  if (format === 'png') return encodePng(image)
  return new Uint8Array(await LOSSY[format](sharpOf(image)).toBuffer())
}

/** A WebP whose longer side has at most `side` pixels; one to two kilobytes at 64. */
export async function encodePreview(image: ImageTensor, side: number): Promise<Uint8Array> {
  const small = sharpOf(image).resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
  return new Uint8Array(await small.webp({ quality: PREVIEW_QUALITY }).toBuffer())
}

function sharpOf(image: ImageTensor): Sharp {
  return sharp(pixelsOf(image), { raw: { width: image.width, height: image.height, channels: 3 } })
}
