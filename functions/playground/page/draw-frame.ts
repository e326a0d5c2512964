/** What the drawings of a search share: colors, and where the column of a step stands. */

export interface Colors {
  readonly dot: string
  readonly accepted: string
  readonly path: string
  readonly quota: string
  readonly used: string
  readonly grid: string
  readonly text: string
  readonly card: string
}

/** Of the style sheet, so that light and dark are said once. */
const readColors = (element: Element): Colors => {
  const style = getComputedStyle(element)
  const color = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    dot: color('dot'),
    accepted: color('accent'),
    path: color('path'),
    quota: color('quota'),
    used: color('used'),
    grid: color('line'),
    text: color('dim'),
    card: color('card'),
  }
}

export interface Frame {
  readonly context: CanvasRenderingContext2D
  readonly colors: Colors
  readonly width: number
  /** Bottom of the candidates. */
  readonly floor: number
  readonly columnWidth: number
  /** Middle of a step's column. */
  readonly x: (step: number) => number
}

export const LEFT = 44
export const RIGHT = 10
export const TOP = 10
/** Between candidates and quotas. */
export const GAP = 24
export const QUOTA_HEIGHT = 64
export const AXIS_HEIGHT = 22

/** Bottom of the candidates in a canvas of this height. */
export const floorOf = (height: number): number => height - AXIS_HEIGHT - QUOTA_HEIGHT - GAP

/** Empties the canvas, at the resolution of the screen. @param scrolled how far the columns are moved to the left. */
export const beginFrame = (
  canvas: HTMLCanvasElement,
  { columnWidth, scrolled }: { columnWidth: number; scrolled: number },
): Frame | undefined => {
  const context = canvas.getContext('2d')
  if (context === null) return undefined
  const { clientWidth: width, clientHeight: height } = canvas
  const [wide, tall] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)]
  if (canvas.width !== wide || canvas.height !== tall) Object.assign(canvas, { width: wide, height: tall })
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
  context.clearRect(0, 0, width, height)
  context.font = '11px system-ui, sans-serif'
  return {
    context,
    colors: readColors(canvas),
    width,
    floor: floorOf(height),
    columnWidth,
    x: (step) => LEFT + (step + 0.5) * columnWidth - scrolled,
  }
}

/** Whether anything of a step's column can be seen. */
export const isVisible = ({ x, columnWidth, width }: Frame, step: number): boolean =>
  x(step) > LEFT - columnWidth && x(step) < width + columnWidth
