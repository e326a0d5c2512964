/** The drawing of a search: it scrolls where the columns are wider than the screen, and tells what is pointed at. */
import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { drawFilm } from './draw-film.ts'
import { beginFrame, floorOf, LEFT, RIGHT } from './draw-frame.ts'
import { drawQuotas } from './draw-quotas.ts'
import { drawRewards, rewardRange } from './draw-rewards.ts'
import { candidateAt, type FilmLayout, filmWidth, layFilm } from './film-layout.ts'
import { formatCount } from './format.ts'
import { type Pointed, PointedCard } from './pointed-card.tsx'
import { pictureOf, type SearchPicture, type Told } from './search-columns.ts'
import { type Thumbnails, whenRead } from './thumbnails.ts'
import { useColorScheme } from './use-color-scheme.ts'
import { useTelling } from './use-telling.ts'

export interface DrawnSearch {
  readonly told: readonly Told[]
  /** All of it: what the axes and the columns are made for. */
  readonly whole: SearchPicture
  readonly thumbnails: Thumbnails
  readonly mode: 'film' | 'rewards'
  readonly live: boolean
  readonly replays: number
}

export const SearchCanvas = (drawn: DrawnSearch) => {
  const { told, whole, thumbnails, mode, live, replays } = drawn
  const parts: Parts = { canvas: useRef(null), scroller: useRef(null), space: useRef(null), followed: useRef(0) }
  const [pointed, setPointed] = useState<Pointed>()
  const scheme = useColorScheme()
  const shown = useTelling({
    count: told.length,
    live,
    replays,
    draw: (count) => draw(parts, drawn, { count, marked: pointed?.one, follow: true }),
  })
  const again = useRef(() => {})
  again.current = () => draw(parts, drawn, { count: shown.current, marked: pointed?.one, follow: false })
  const drawAgain = () => again.current()
  useEffect(drawAgain, [whole, thumbnails, mode, pointed, scheme])
  useEffect(() => whenRead(thumbnails, drawAgain), [thumbnails])
  useEffect(() => {
    parts.followed.current = 0
  }, [replays])
  useEffect(() => {
    const observer = new ResizeObserver(drawAgain)
    if (parts.canvas.current !== null) observer.observe(parts.canvas.current)
    return () => observer.disconnect()
  }, [])
  const point = (event: PointerEvent) => setPointed(pointedAt(parts, drawn, event))
  return (
    <div class="search">
      <canvas ref={parts.canvas} role="img" aria-label={describe(whole)} />
      <section
        ref={parts.scroller}
        class="search-scroll"
        aria-label="Columns of the search"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={({ currentTarget: { scrollLeft } }) => {
          const { followed } = parts
          // Whoever scrolls by hand is not taken along any more.
          if (followed.current !== undefined && Math.abs(scrollLeft - followed.current) > 3)
            followed.current = undefined
          drawAgain()
        }}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => setPointed(undefined)}
      >
        <div ref={parts.space} class="search-space" />
      </section>
      {pointed !== undefined && <PointedCard {...pointed} thumbnails={thumbnails} />}
    </div>
  )
}

interface Parts {
  readonly canvas: RefObject<HTMLCanvasElement | null>
  readonly scroller: RefObject<HTMLElement | null>
  /** As wide as all columns are: it makes the scroller scroll. */
  readonly space: RefObject<HTMLDivElement | null>
  /** Where the scroller was put, to keep the newest column in sight; undefined once somebody has scrolled. */
  readonly followed: RefObject<number | undefined>
}

/** Where a growing search is shown: the newest column stays at this share of the width. */
const FOLLOW = 0.72

const draw = (
  { canvas, scroller, space, followed }: Parts,
  { told, whole, thumbnails, mode }: DrawnSearch,
  { count, marked, follow }: { count: number; marked: Told | undefined; follow: boolean },
): void => {
  if (canvas.current === null || scroller.current === null || space.current === null) return
  const layout = layoutOf(whole, mode, canvas.current)
  space.current.style.width = mode === 'film' ? `${filmWidth(layout, whole.steps)}px` : '100%'
  const picture = count < told.length ? pictureOf(told.slice(0, count), whole.steps) : whole
  if (follow && followed.current !== undefined && mode === 'film') {
    const newest = LEFT + ((picture.columns.at(-1)?.step ?? 0) + 1) * layout.columnWidth
    scroller.current.scrollLeft = newest - scroller.current.clientWidth * FOLLOW
    followed.current = scroller.current.scrollLeft
  }
  const { scrollLeft: scrolled } = scroller.current
  const frame = beginFrame(canvas.current, { columnWidth: layout.columnWidth, scrolled })
  if (frame === undefined) return
  if (mode === 'film') drawFilm(frame, picture, { layout, thumbnails, marked })
  else drawRewards(frame, picture, rewardRange(whole))
  drawQuotas(frame, { ...picture, steps: whole.steps }, tallestOf(whole))
}

const pointedAt = (
  { canvas, scroller }: Parts,
  { whole, mode }: DrawnSearch,
  event: PointerEvent,
): Pointed | undefined => {
  if (canvas.current === null || mode !== 'film') return undefined
  const box = canvas.current.getBoundingClientRect()
  const [x, y] = [event.clientX - box.left, event.clientY - box.top]
  const point = { x: x + (scroller.current?.scrollLeft ?? 0), y, floor: floorOf(canvas.current.clientHeight) }
  const one = candidateAt(whole, layoutOf(whole, mode, canvas.current), point)
  return one && { one, x, y, width: box.width }
}

const layoutOf = (
  whole: SearchPicture,
  mode: DrawnSearch['mode'],
  { clientWidth: width, clientHeight }: Element,
): FilmLayout => {
  if (mode === 'film') return layFilm(whole, { width, floor: floorOf(clientHeight) })
  return { side: 0, across: 1, columnWidth: (width - LEFT - RIGHT) / Math.max(1, whole.steps) }
}

const tallestOf = ({ columns }: SearchPicture): number => Math.max(1, ...columns.map(({ quota }) => quota))

const describe = ({ candidates, columns, steps }: SearchPicture): string => {
  const accepted = columns.reduce((sum, column) => sum + column.candidates.filter((one) => one.accepted).length, 0)
  return `${formatCount(candidates)} candidates in ${columns.length} of ${steps} steps, ${formatCount(accepted)} accepted. Candidates above, NFEs that each step could spend and did spend below; the table of steps says the same.`
}
