/**
 * `npm run bench:playground-picture [-- --nfe 500 --seed 7 --out docs/images/playground.png]`: the picture of the playground in the
 * README, of a real search watched to its end. `--phone FILE` adds what a dark phone shows of it.
 */
import { parseArgs } from 'node:util'
import { LONG, runStack } from '../e2e/stack.ts'
import { launch, openPage } from './browser.ts'

const { values } = parseArgs({
  options: {
    prompt: { type: 'string', default: 'seven balloons, four bears, and four swans' },
    nfe: { type: 'string', default: '500' },
    seed: { type: 'string', default: '7' },
    out: { type: 'string', default: 'docs/images/playground.png' },
    phone: { type: 'string' },
  },
})
const END_MS = 300_000
/** The last candidates are still being told when the result is there. */
const SETTLE_MS = 3000

const running = await runStack(LONG)
const browser = await launch()
try {
  const { apiKey } = await running.open(10_000_000)
  const { page } = await openPage(browser, { viewport: { width: 1320, height: 900 } })
  await page.goto(`${running.stack.url}/#key=${apiKey}`)
  await page.waitForSelector('.chips button')
  await page.fill('#prompt', values.prompt)
  await page.fill('#budget', values.nfe)
  await page.click('text=Search settings')
  await page.fill('#seed', values.seed)
  await page.click('text=Search settings')
  await page.click('button.primary')
  await page.waitForSelector('.exports', { timeout: END_MS })
  await page.waitForTimeout(SETTLE_MS)
  // The film stands at its newest column; what rolls over is at its beginning.
  await page.locator('.search-scroll').evaluate((film) => film.scrollTo(0, 0))
  await page.waitForTimeout(SETTLE_MS)
  await page.screenshot({ path: values.out, fullPage: true })
  if (values.phone !== undefined) {
    await page.setViewportSize({ width: 390, height: 844 })
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.waitForTimeout(SETTLE_MS)
    await page.screenshot({ path: values.phone, fullPage: true })
  }
} finally {
  await browser.close()
  await running.close()
}
