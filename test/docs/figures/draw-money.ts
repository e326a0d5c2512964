/** An account over one generation: balance, held and spent, whose sum never changes. */
import { COLORS, rect, svg, text } from './svg.ts'

const WIDTH = 640
const LEFT = 150
const BAR = 440
const PARTS = [
  ['balance', '#dfe3ea'],
  ['held', COLORS.left],
  ['spent', COLORS.spent],
] as const

/** @param credit,held,spent in NFEs of one price; the figure shows money. */
export const drawMoney = (on: {
  credit: number
  held: number
  used: number
  price: number
  source: string
}): string => {
  const { credit, held, used, price } = on
  const dollars = (nfe: number) => `$${((nfe * price) / 1e6).toFixed(4)}`
  const moments = [
    { name: 'before', balance: credit, held: 0, spent: 0 },
    { name: '202: accepted', balance: credit - held, held, spent: 0 },
    { name: 'ended: settled', balance: credit - used, held: 0, spent: used },
  ]
  const rows = moments.flatMap((moment, index) => {
    const y = 44 + index * 54
    let x = LEFT
    const parts = PARTS.flatMap(([part, fill]) => {
      const nfe = moment[part]
      const width = (BAR * nfe) / credit
      const here = x
      x += width
      if (nfe === 0) return []
      return [
        rect([here, y], [width, 26], { fill, stroke: 'white' }),
        text([here + width / 2, y + 17], dollars(nfe), { anchor: 'middle', size: 11 }),
      ]
    })
    return [text([LEFT - 10, y + 17], moment.name, { anchor: 'end' }), ...parts]
  })
  const legend = PARTS.flatMap(([part, fill], index) => [
    rect([LEFT + index * 90, 206], [10, 10], { fill }),
    text([LEFT + index * 90 + 15, 215], part, { fill: COLORS.dim, size: 11 }),
  ])
  const title = `${held} NFEs held, ${used} used, ${held - used} refunded`
  return svg([WIDTH, 246], title, [
    text([LEFT, 22], title, { size: 14, bold: true }),
    ...rows,
    ...legend,
    text([WIDTH - 8, 240], on.source, { anchor: 'end', fill: COLORS.dim, size: 10 }),
  ])
}
