/** Small pictures of what a reward has seen, for people who watch a search. They are cheap: no network runs for them. */
import { type ImageTensor, pixelsOf } from './png.ts'

export interface Picture {
  /** 8-bit RGB, [height, width, 3]. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
  readonly width: number
  readonly height: number
}

/** Most points of a line that one pixel of the picture is the mean of: enough to look at, and bounded in a large image. */
const POINTS = 4

/** A picture whose longer side has at most `side` pixels: the image itself where that is no larger. */
export function smallPicture(image: ImageTensor, side: number): Picture {
  const shrink = Math.max(image.width, image.height) / side
  if (shrink <= 1) return { pixels: pixelsOf(image), width: image.width, height: image.height }
  const width = Math.max(1, Math.floor(image.width / shrink))
  const height = Math.max(1, Math.floor(image.height / shrink))
  const pixels = new Uint8ClampedArray(3 * width * height)
  const columns = pointsOf(width, image.width)
  const rows = pointsOf(height, image.height)
  for (let channel = 0; channel < 3; channel++) {
    const plane = channel * image.width * image.height
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let sum = 0
        for (const row of rows[y] as number[])
          for (const column of columns[x] as number[]) sum += image.data[plane + row * image.width + column] as number
        const points = (rows[y] as number[]).length * (columns[x] as number[]).length
        pixels[3 * (y * width + x) + channel] = (sum / points + 1) * 127.5
      }
  }
  return { pixels, width, height }
}

/** For each place of the picture's line, the points of the image's line that it is made of. */
function pointsOf(small: number, large: number): number[][] {
  return Array.from({ length: small }, (_, at) => {
    const first = Math.floor((at * large) / small)
    const cell = Math.floor(((at + 1) * large) / small) - first
    const count = Math.min(POINTS, cell)
    return Array.from({ length: count }, (_, point) => first + Math.floor(((point + 0.5) * cell) / count))
  })
}
