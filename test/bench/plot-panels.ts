/** Lines against an axis that grows by factors, panels in rows of two, as one SVG. */

export interface Panel {
  readonly title: string
  /** Below the axis. */
  readonly x: string
  readonly lines: readonly PanelLine[]
}

export interface PanelLine {
  readonly name: string
  /** Each x above 0. */
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

const COLUMNS = 2
/** Of what is drawn in, and of the panel with its words. */
const [WIDTH, HEIGHT] = [300, 200]
const [PANEL_WIDTH, PANEL_HEIGHT] = [380, 280]
const [LEFT, TOP] = [60, 40]
const KEY = 30
const TICKS = 4

/** Lines of one name have one colour in all panels; the names stand below. */
export function plotPanels(panels: readonly Panel[]): string {
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))]
  const colour = (name: string) => `hsl(${Math.round((360 * names.indexOf(name)) / names.length + 210) % 360} 65% 42%)`
  const width = PANEL_WIDTH * Math.min(COLUMNS, panels.length)
  const height = PANEL_HEIGHT * Math.ceil(panels.length / COLUMNS) + KEY
  const key = names.map(
    (name, at) => `<text x="${LEFT + 130 * at}" y="${height - 10}" fill="${colour(name)}">${name}</text>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...panels.flatMap((panel, at) => {
      const corner = { left: LEFT + PANEL_WIDTH * (at % COLUMNS), top: TOP + PANEL_HEIGHT * Math.floor(at / COLUMNS) }
      return drawPanel(panel, { ...corner, colour })
    }),
    ...key,
    '</svg>',
    '',
  ].join('\n')
}

function drawPanel(
  { title, x: label, lines }: Panel,
  { left, top, colour }: { left: number; top: number; colour: (name: string) => string },
): string[] {
  const points = lines.flatMap((line) => line.points)
  const [first, last] = [Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x))]
  const ys = points.map(({ y }) => y)
  const [low, high] = [Math.min(0, ...ys), Math.max(0, ...ys)]
  const x = (value: number) => left + (first === last ? 0 : (WIDTH * Math.log(value / first)) / Math.log(last / first))
  const y = (value: number) => top + (HEIGHT * (high - value)) / (high - low || 1)
  const at = (point: { x: number; y: number }) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`
  const ticks = Array.from({ length: TICKS + 1 }, (_, tick) => low + ((high - low) * tick) / TICKS)
  const spelt = (value: number) => Number(value.toPrecision(2)).toString()
  return [
    `<text x="${left}" y="${top - 16}">${title}</text>`,
    ...ticks.map(
      (value) =>
        `<path d="M${left} ${y(value).toFixed(1)}h${WIDTH}" stroke="#ddd"/><text x="${left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${spelt(value)}</text>`,
    ),
    `<text x="${left}" y="${top + HEIGHT + 16}" text-anchor="middle">${spelt(first)}</text>`,
    `<text x="${left + WIDTH}" y="${top + HEIGHT + 16}" text-anchor="middle">${spelt(last)}</text>`,
    `<text x="${left + WIDTH / 2}" y="${top + HEIGHT + 16}" text-anchor="middle">${label}</text>`,
    ...lines.flatMap(({ name, points }) => [
      `<polyline points="${points.map(at).join(' ')}" fill="none" stroke="${colour(name)}" stroke-width="2"/>`,
      ...points.map(
        (point) => `<circle cx="${x(point.x).toFixed(1)}" cy="${y(point.y).toFixed(1)}" r="3" fill="${colour(name)}"/>`,
      ),
    ]),
  ]
}
