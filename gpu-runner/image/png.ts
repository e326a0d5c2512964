/** Image tensors as pixels, and as PNG files. */
import { encode } from 'fast-png'
import type { Picture } from './small-picture.ts'

export interface ImageTensor {
  /** [3, height, width], row-major, in [-1, 1]; values outside are clamped. */
  readonly data: Float32Array
  readonly width: number
  readonly height: number
}

/** 8-bit RGB, [height, width, 3]. Throws RangeError on a tensor of another size. */
export function pixelsOf({ data, width, height }: ImageTensor): Uint8ClampedArray<ArrayBuffer> {
  const plane = width * height
  if (data.length !== 3 * plane)
    throw new RangeError(`an image of ${width} x ${height} has ${3 * plane} numbers, got ${data.length}`)
  const pixels = new Uint8ClampedArray(3 * plane)
  for (let channel = 0; channel < 3; channel++)
    for (let at = 0; at < plane; at++)
      // Uint8ClampedArray clamps and rounds (ties to even).
      pixels[3 * at + channel] = ((data[channel * plane + at] as number) + 1) * 127.5
  return pixels
}

/** 8-bit RGB PNG without any metadata: the same tensor gives the same bytes. Throws RangeError on a tensor of another size. */
export function encodePng(image: ImageTensor): Uint8Array {
  const { width, height } = image
  return encodePixels({ pixels: pixelsOf(image), width, height })
}

/** The same of pixels: 8-bit RGB, [height, width, 3]. */
export function encodePixels({ pixels, width, height }: Picture): Uint8Array {
  return encode({ width, height, data: pixels, channels: 3, depth: 8 })
}
