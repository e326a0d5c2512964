/** Drawings as text: the few shapes that the figures are made of, on white, so that they are read on a dark page as well. */

export const COLORS = {
  text: '#333',
  dim: '#888',
  line: '#ddd',
  candidate: '#b8bcc6',
  accepted: '#4a3fc4',
  best: '#c0392b',
  spent: '#d08a1e',
  rolled: '#4a3fc4',
  left: '#f3d9ae',
  good: '#1f7a4d',
} as const

export type Point = readonly [x: number, y: number]

/** Coordinates to a tenth: the same drawing on every machine, and small. */
const short = (value: number): string => String(Math.round(value * 10) / 10)

interface TextStyle {
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly fill?: string
  readonly size?: number
  readonly bold?: boolean
}

export const text = (
  [x, y]: Point,
  words: string,
  { anchor = 'start', fill = COLORS.text, size = 12, bold = false }: TextStyle = {},
): string =>
  `<text x="${short(x)}" y="${short(y)}" fill="${fill}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}${size === 12 ? '' : ` font-size="${size}"`}${bold ? ' font-weight="bold"' : ''}>${escaped(words)}</text>`

const escaped = (words: string): string => words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

export const rect = (
  [x, y]: Point,
  [width, height]: Point,
  { fill, stroke }: { fill?: string; stroke?: string },
): string =>
  `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" fill="${fill ?? 'none'}"${stroke === undefined ? '' : ` stroke="${stroke}"`}/>`

export const dot = ([x, y]: Point, radius: number, fill: string): string =>
  `<circle cx="${short(x)}" cy="${short(y)}" r="${short(radius)}" fill="${fill}"/>`

export const line = (
  points: readonly Point[],
  { stroke = COLORS.line, width = 1, dash }: { stroke?: string; width?: number; dash?: string } = {},
): string =>
  `<polyline points="${points.map(([x, y]) => `${short(x)},${short(y)}`).join(' ')}" fill="none" stroke="${stroke}" stroke-width="${width}"${dash === undefined ? '' : ` stroke-dasharray="${dash}"`}/>`

/** An arc from one point over to another on its right, with a head. */
export const arrow = ([x1, y1]: Point, [x2, y2]: Point, stroke: string): string => {
  const top = Math.min(y1, y2) - 14
  const head = `M${short(x2 - 4)} ${short(y2 - 6)}L${short(x2)} ${short(y2)}L${short(x2 + 3)} ${short(y2 - 6)}`
  return `<path d="M${short(x1)} ${short(y1)}Q${short((x1 + x2) / 2)} ${short(top)} ${short(x2)} ${short(y2)}${head}" fill="none" stroke="${stroke}" stroke-width="1.5"/>`
}

export const image = ([x, y]: Point, side: number, dataUrl: string): string =>
  `<image x="${short(x)}" y="${short(y)}" width="${side}" height="${side}" href="${dataUrl}"/>`

/** The whole drawing. `title` is read out by a screen reader. */
export const svg = ([width, height]: Point, title: string, shapes: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img">`,
    `<title>${escaped(title)}</title>`,
    rect([0, 0], [width, height], { fill: 'white' }),
    ...shapes,
    '</svg>',
    '',
  ].join('\n')
