/**
 * `npm run bench:playground [-- --opens 5 --nfe 300 --json]`: what a visitor waits for, and what watching costs.
 *
 * - opening: from the navigation to the first paint, to a page that can be used, and, with Generate pressed as soon as it can be,
 *   to the first picture of the search; and what was sent over the network.
 * - drawing: a whole search is played again at 60 candidates a second or more, as pictures and as rewards, by the browser's own timeline:
 *   its long animation frames (50 ms or more), its long tasks, and the pause between frames.
 * - watching: what the runner spends on pictures, thumbnails and previews, against the time of the search.
 */
import { parseArgs } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { Rollover } from 'rollover'
import { encodePreview, encodeThumbnails } from '../../gpu-runner/image/encode-image.ts'
import { smallPicture } from '../../gpu-runner/image/small-picture.ts'
import type { ProgressEvent } from '../../shared/contract/live-event.ts'
import { machineLine } from '../bench/machine.ts'
import { medianOf } from '../bench/quantile.ts'
import { tableOf } from '../bench/report.ts'
import { LONG, runStack } from '../e2e/stack.ts'
import { launch, openPage } from './browser.ts'

const { values } = parseArgs({
  options: {
    opens: { type: 'string', default: '5' },
    nfe: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
})
const END_MS = 300_000
const SIDE = 128
const PROMPT = 'seven balloons, four bears, and four swans'

interface Opening {
  readonly firstPaintMs: number
  readonly usableMs: number
  readonly firstPictureMs: number
  readonly sentBytes: number
}

/** A fresh browser context each time: nothing is cached. */
const openOnce = async (browser: Browser, link: string): Promise<Opening> => {
  const { page } = await openPage(browser)
  const started = performance.now()
  await page.goto(link)
  await page.waitForSelector('.chips button')
  const usableMs = performance.now() - started
  await page.click('button.primary')
  await page.waitForSelector('.picture img', { timeout: END_MS })
  const firstPictureMs = performance.now() - started
  const { firstPaintMs, sentBytes } = await page.evaluate(() => ({
    firstPaintMs: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
    sentBytes: [...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]
      .filter(({ name }) => new URL(name).pathname === '/' || name.includes('/playground/'))
      .reduce((sum, each) => sum + (each as PerformanceResourceTiming).transferSize, 0),
  }))
  await page.click('text=Cancel')
  await page.waitForSelector('.exports', { timeout: END_MS })
  await page.context().close()
  return { firstPaintMs, usableMs, firstPictureMs, sentBytes }
}

interface Drawing {
  readonly candidates: number
  readonly seconds: number
  readonly framesAbove50: number
  readonly longestFrameMs: number
  readonly longestTaskMs: number
  readonly longestPauseMs: number
}

const REPLAY_MS = 6500

/** Presses Replay and looks at the timeline until it is over. */
const replay = async (page: Page, mode: 'Pictures' | 'Rewards'): Promise<Omit<Drawing, 'candidates' | 'seconds'>> => {
  await page.click(`.switch >> text=${mode}`)
  return page.evaluate(
    (ms) =>
      new Promise((resolve) => {
        const seen = { framesAbove50: 0, longestFrameMs: 0, longestTaskMs: 0, longestPauseMs: 0 }
        const observe = (type: string, then: (ms: number) => void) =>
          new PerformanceObserver((list) => {
            for (const { duration } of list.getEntries()) then(duration)
          }).observe({ type })
        observe('long-animation-frame', (duration) => {
          seen.framesAbove50++
          seen.longestFrameMs = Math.max(seen.longestFrameMs, duration)
        })
        observe('longtask', (duration) => {
          seen.longestTaskMs = Math.max(seen.longestTaskMs, duration)
        })
        const button = [...document.querySelectorAll('button')].find(({ textContent }) => textContent === 'Replay')
        button?.click()
        let before = performance.now()
        const end = before + ms
        requestAnimationFrame(function next(now) {
          seen.longestPauseMs = Math.max(seen.longestPauseMs, now - before)
          before = now
          if (now < end) requestAnimationFrame(next)
          else resolve(seen)
        })
      }),
    REPLAY_MS,
  )
}

const mean = async (times: number, act: () => unknown): Promise<number> => {
  await act()
  const started = performance.now()
  for (let time = 0; time < times; time++) await act()
  return (performance.now() - started) / times
}

/** Milliseconds that the runner spends on what is shown of one search, by what its events held. */
const watchingMs = async (events: readonly ProgressEvent[]) => {
  const data = Float32Array.from({ length: 3 * SIDE * SIDE }, (_, at) => Math.sin(at / 91))
  const pictureMs = await mean(200, () => smallPicture({ data, width: SIDE, height: SIDE }, SIDE))
  const picture = smallPicture({ data, width: SIDE, height: SIDE }, SIDE)
  const previewMs = await mean(50, () => encodePreview(picture))
  const seen = events.map(({ candidates }) => candidates.filter(({ reward }) => reward !== null).length)
  let thumbnailsMs = 0
  for (const count of seen.filter((each) => each > 0))
    thumbnailsMs += await mean(3, () => encodeThumbnails(Array<typeof picture>(count).fill(picture), 32))
  const pictures = seen.reduce((sum, count) => sum + count, 0)
  const previews = events.filter(({ preview }) => preview !== null).length
  return { pictures: pictures * pictureMs, thumbnails: thumbnailsMs, previews: previews * previewMs }
}

const running = await runStack(LONG)
const browser = await launch()
try {
  const { apiKey } = await running.open(10_000_000)
  const link = `${running.stack.url}/#key=${apiKey}`
  const openings: Opening[] = []
  for (let time = 0; time < Number(values.opens); time++) openings.push(await openOnce(browser, link))

  const client = new Rollover({ apiKey, baseUrl: running.stack.url })
  const terms = { prompt: PROMPT, nfe_budget: Number(values.nfe), seed: 7, previews: true } as const
  const generation = await client.wait((await client.create(terms)).id)
  const searchMs = Date.parse(generation.finished_at ?? '') - Date.parse(generation.started_at ?? '')
  const events: ProgressEvent[] = []
  for await (const event of client.stream(generation.id)) if (event.type === 'progress') events.push(event.data)

  const { page } = await openPage(browser)
  await page.goto(link)
  await page.waitForSelector('.chips button')
  await page.goto(`${running.stack.url}/#/generations/${generation.id}`)
  await page.waitForSelector('.search canvas')
  await page.waitForTimeout(REPLAY_MS)
  const candidates = generation.trace?.lines ?? 0
  const seconds = Math.min(candidates / 60, 5)
  const drawings: [string, Drawing][] = []
  for (const mode of ['Pictures', 'Rewards'] as const)
    drawings.push([mode, { candidates, seconds, ...(await replay(page, mode)) }])

  report({ openings, drawings, watching: await watchingMs(events), searchMs, events: events.length })
} finally {
  await browser.close()
  await running.close()
}

function report(found: {
  openings: readonly Opening[]
  drawings: readonly [string, Drawing][]
  watching: Readonly<Record<'pictures' | 'thumbnails' | 'previews', number>>
  searchMs: number
  events: number
}): void {
  const machine = machineLine()
  if (values.json) {
    console.log(JSON.stringify({ machine, ...found }))
    return
  }
  const middle = (of: keyof Opening) => {
    const seen = found.openings.map((one) => one[of])
    return `${Math.round(medianOf(seen))} (most ${Math.round(Math.max(...seen))})`
  }
  console.log(`${machine}; ${found.openings.length} openings, a search of ${values.nfe} NFEs\n`)
  const opening = [
    ['first paint, ms', middle('firstPaintMs'), ''],
    ['the page can be used, ms', middle('usableMs'), ''],
    ['first picture of the search, ms', middle('firstPictureMs'), 3000],
    ['sent, bytes', middle('sentBytes'), 150_000],
  ]
  console.log(`${tableOf(['opening', 'median', 'goal'], opening)}\n`)
  const replayed = found.drawings.map(([mode, drawn]) => [
    mode,
    Math.round(drawn.candidates / drawn.seconds),
    drawn.framesAbove50,
    Math.round(drawn.longestFrameMs),
    Math.round(drawn.longestPauseMs),
  ])
  const times = ['frames of 50 ms or more', 'longest frame, ms', 'longest pause, ms']
  console.log(tableOf(['replay', 'candidates a second', ...times], replayed))
  const { pictures, thumbnails, previews } = found.watching
  const share = ((pictures + thumbnails + previews) / found.searchMs) * 100
  console.log(
    `\nWatching: pictures ${pictures.toFixed(1)} ms, thumbnails ${thumbnails.toFixed(1)} ms, previews ${previews.toFixed(1)} ms of a search of ${found.searchMs} ms in ${found.events} events: ${share.toFixed(2)} % (goal 2)`,
  )
}
