/** What tests do on the page, and what they read from it. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

/** 180 candidates at 60 a second, and a little more. */
const REPLAY_MS = 3500

export const setBudget = async (page: Page, nfe: number): Promise<void> => {
  await page.fill('#budget', String(nfe))
}

/** Longest task of the page's thread while a trace is replayed, by the browser's own timeline; 0 when none took 50 ms. */
export const longestTaskOfReplay = (page: Page): Promise<number> =>
  page.evaluate(
    (ms) =>
      new Promise<number>((resolve) => {
        let longest = 0
        new PerformanceObserver((list) => {
          for (const { duration } of list.getEntries()) longest = Math.max(longest, duration)
        }).observe({ type: 'longtask' })
        const replay = [...document.querySelectorAll('button')].find(({ textContent }) => textContent === 'Replay')
        replay?.click()
        setTimeout(() => resolve(longest), ms)
      }),
    REPLAY_MS,
  )

/** Whether the canvas has other colors than black and nothing. */
export const drawsColors = (page: Page): Promise<boolean> =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('div.search canvas')
    const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
    for (let at = 0; at < pixels.length; at += 4)
      if (Math.abs((pixels[at] ?? 0) - (pixels[at + 2] ?? 0)) > 60) return true
    return false
  })

/** Moves the pointer along the lowest row of thumbnails until it is on one. */
export const pointAtCandidate = async (page: Page): Promise<void> => {
  await page.locator('div.search').scrollIntoViewIfNeeded()
  const film = await page.locator('div.search').boundingBox()
  if (film === null) throw new Error('there is no search to point at')
  for (let across = 0.4; across < 0.6; across += 0.01) {
    // The height of the canvas less quotas and axis, and half a small thumbnail.
    await page.mouse.move(film.x + film.width * across, film.y + film.height - 14 - 110 - 6)
    await page.waitForTimeout(60)
    if ((await page.locator('.pointed').count()) > 0) return
  }
}

/** The rules of axe that the page breaks, each with the first place. Through the debugger: the page's own policy lets no other script in. */
export const brokenRules = async (page: Page): Promise<string[]> => {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  const { violations } = (await page.evaluate(`${axe}; axe.run()`)) as {
    violations: { id: string; nodes: { html: string }[] }[]
  }
  return violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html}`)
}

/** Pixels by which the page is wider than the screen. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth)

/** Waits until the browser has drawn what an <img> shows. */
export const seeImage = async (page: Page, selector: string): Promise<void> => {
  await page.waitForFunction(
    (which) => ((document.querySelector(which) as HTMLImageElement | null)?.naturalWidth ?? 0) > 0,
    selector,
  )
}
