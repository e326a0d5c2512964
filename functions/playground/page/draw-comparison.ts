/** The comparison as one PNG: images in a row, under each its search, reward and counts. */
import { formatReward } from './format.ts'
import type { Run } from './run.ts'
import { bestOf, usedOf } from './run-view.tsx'

const SIDE = 320
const GAP = 24
const TOP = 76
const CAPTION = 92

const load = (url: string): Promise<HTMLImageElement> =>
  new Promise((resolve, reject) => {
    const image = new Image()
    image.onload = () => resolve(image)
    image.onerror = () => reject(new Error('an image of the comparison could not be read'))
    image.src = url
  })

export const drawComparison = async (runs: readonly Run[]): Promise<Blob> => {
  const canvas = document.createElement('canvas')
  canvas.width = GAP + runs.length * (SIDE + GAP)
  canvas.height = TOP + SIDE + CAPTION
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('this browser draws no pictures')
  context.fillStyle = '#ffffff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.fillStyle = '#16181d'
  context.font = '600 20px system-ui, sans-serif'
  context.fillText(runs[0]?.request.prompt ?? '', GAP, 34, canvas.width - 2 * GAP)
  context.fillStyle = '#5d6470'
  context.font = '14px system-ui, sans-serif'
  context.fillText(`seed ${runs[0]?.request.seed}, budget ${runs[0]?.request.nfe_budget} NFEs`, GAP, 58)
  for (const [index, run] of runs.entries()) {
    const x = GAP + index * (SIDE + GAP)
    if (run.image !== undefined) context.drawImage(await load(run.image), x, TOP, SIDE, SIDE)
    context.fillStyle = '#16181d'
    context.font = '600 17px system-ui, sans-serif'
    context.fillText(run.request.search ?? 'rbf', x, TOP + SIDE + 28)
    context.fillStyle = '#5d6470'
    context.font = '14px system-ui, sans-serif'
    context.fillText(`reward ${formatReward(bestOf(run))}, ${usedOf(run)} NFEs`, x, TOP + SIDE + 50)
    const found = Object.entries(run.generation?.result?.counts?.found ?? {})
    context.fillText(found.map(([name, count]) => `${count} ${name}`).join(', '), x, TOP + SIDE + 70, SIDE)
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob === null ? reject(new Error('no PNG was made')) : resolve(blob)), 'image/png'),
  )
}
