/** The playground where several packs are served: each is asked by its own form, and paths are seen like images. */
import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { pathFileSchema } from '../../shared/contract/output.ts'
import { LONG, type RunningStack, runStack } from '../e2e/stack.ts'
import { launch, openPage, screenshot, skip } from './browser.ts'
import { brokenRules, overflowOf, seeImage, setBudget } from './page-acts.ts'

const PATHS = fileURLToPath(new URL('../../gpu-runner/packs/trajectories', import.meta.url))
const BUDGET = 60
/** Long: a machine that is busy with other tests is slow, and not wrong. */
const END_MS = 240_000

const openPlayground = async (running: RunningStack, browser: Browser, options = {}) => {
  const { apiKey } = await running.open()
  const opened = await openPage(browser, options)
  await opened.page.goto(`${running.stack.url}/#key=${apiKey}`)
  return opened
}

const choosePaths = async (page: Page): Promise<void> => {
  await page.selectOption('#pack', 'trajectories')
  await page.waitForSelector('.form-places select')
}

/** Presses Generate and waits for the end. */
const search = async (page: Page): Promise<void> => {
  await setBudget(page, BUDGET)
  await page.click('button.primary')
  await page.waitForSelector('.exports', { timeout: END_MS })
  // The last file to come: its button moves the others.
  await page.waitForSelector('.exports >> text=Trace')
}

const optionsOf = (page: Page, selector: string): Promise<string[]> =>
  page.locator(`${selector} option`).allTextContents()

describe('the playground of several packs', { skip }, () => {
  let running: RunningStack
  let browser: Browser
  before(async () => {
    running = await runStack(LONG)
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await running?.close()
  })
  const open = async (options = {}) => {
    const opened = await openPlayground(running, browser, options)
    await opened.page.waitForSelector('.chips button')
    return opened
  }

  test('asks each pack by its own prompts, rewards, searches and formats, and keeps the draft of each', async () => {
    const { page, complaints } = await open()
    assert.deepEqual(await optionsOf(page, '#pack'), ['emoji-world: images', 'trajectories: paths'])
    await page.click('text=Search settings')
    assert.deepEqual(await optionsOf(page, '#format'), ['png', 'webp', 'jpeg'])
    assert.ok((await optionsOf(page, '#search')).includes('gradient'))
    await page.fill('#prompt', 'two owls')
    await choosePaths(page)
    assert.equal(await page.locator('#prompt').count(), 0)
    assert.deepEqual(await optionsOf(page, '#format'), ['svg', 'json'])
    assert.deepEqual(await optionsOf(page, '#reward'), ['path'])
    assert.ok(!(await optionsOf(page, '#search')).includes('gradient'))
    await page.click('text=Start from an example')
    await page.click('.templates >> text=from bottom to top around a slalom')
    const places = page.locator('.form-places select')
    const filling = () => places.evaluateAll((all) => all.map((one) => (one as HTMLSelectElement).value))
    assert.deepEqual(await filling(), ['bottom', 'top', 'a slalom'])
    await page.selectOption('#pack', 'emoji-world')
    assert.equal(await page.inputValue('#prompt'), 'two owls')
    await choosePaths(page)
    assert.deepEqual(await filling(), ['bottom', 'top', 'a slalom'])
    assert.deepEqual(complaints, [])
  })

  test('shows a path live and at its end, with its numbers, for the NFEs that were used', async () => {
    const { page, complaints } = await open()
    await choosePaths(page)
    await page.getByLabel('around obstacles').selectOption('a wall with a gap')
    await setBudget(page, 1000)
    await page.click('button.primary')
    await seeImage(page, '.picture img')
    await screenshot(page, 'paths-live')
    await page.waitForSelector('.exports', { timeout: END_MS })
    await seeImage(page, '.picture:not(.rough) img')
    assert.ok((await page.locator('.previews li').count()) > 1, 'what was best on the way is shown too')
    assert.equal(
      await page.getAttribute('.picture img', 'alt'),
      'Result for: from bottom left to top right around a wall with a gap',
    )
    assert.match((await page.textContent('.money')) ?? '', /used\s*1,000 NFEs/)
    assert.match((await page.textContent('.counts')) ?? '', /Length\d\.\d{3}Straight.*1\.\d{3}.*obstacles? by\d\.\d{3}/)
    const [saved] = await Promise.all([page.waitForEvent('download'), page.click('.exports >> text=Points')])
    assert.match(saved.suggestedFilename(), /^gen_.*\.path\.json$/)
    const path = pathFileSchema.parse(JSON.parse(await readFile(await saved.path(), 'utf8')))
    assert.equal(path.points.length, 32)
    await screenshot(page, 'paths')
    assert.deepEqual(complaints, [])
  })

  test('a path that was asked for as numbers is seen by its drawing, by its owner and by whoever has a link', async () => {
    const { page, complaints } = await open()
    await choosePaths(page)
    await page.click('text=Search settings')
    await page.selectOption('#format', 'json')
    await search(page)
    await seeImage(page, '.picture:not(.rough) img')
    assert.deepEqual((await page.locator('.exports button').allTextContents()).slice(0, 2), ['Points', 'Drawing'])
    await page.click('.exports >> text=Share')
    await page.click('text=Make the link')
    const link = await page.inputValue('.link-field')
    const stranger = await openPage(browser)
    await stranger.page.goto(link)
    await stranger.page.waitForSelector('.exports >> text=Points')
    await stranger.page.waitForSelector('.exports >> text=Trace')
    await seeImage(stranger.page, '.picture img')
    // Read into the page and checked, instead of drawn from where it is stored.
    assert.match((await stranger.page.getAttribute('.picture img', 'src')) ?? '', /^blob:/)
    const [saved] = await Promise.all([
      stranger.page.waitForEvent('download'),
      stranger.page.click('.exports >> text=Drawing'),
    ])
    assert.match(await readFile(await saved.path(), 'utf8'), /^<svg /)
    await screenshot(stranger.page, 'paths-shared')
    await page.click('nav >> text=Account')
    await seeImage(page, 'img.thumb')
    await page.click('td.prompt a')
    await seeImage(page, '.picture img')
    await page.click('text=Ask again')
    assert.equal(await page.inputValue('#pack'), 'trajectories')
    await page.click('text=Search settings')
    assert.equal(await page.inputValue('#format'), 'json')
    assert.deepEqual([...complaints, ...stranger.complaints], [])
  })

  test('compares searches of a path, and draws them into one picture', async () => {
    const { page, complaints } = await open()
    await choosePaths(page)
    await page.click('nav >> text=Compare')
    assert.equal(await page.inputValue('#pack'), 'trajectories')
    await setBudget(page, BUDGET)
    await page.click('button.primary')
    await page.waitForSelector('text=PNG', { timeout: END_MS })
    await page.waitForFunction(() => document.querySelectorAll('.side-by-side .picture:not(.rough) img').length === 3)
    const [saved] = await Promise.all([page.waitForEvent('download'), page.click('text=PNG')])
    assert.equal((await readFile(await saved.path())).subarray(1, 4).toString(), 'PNG')
    await screenshot(page, 'paths-compare')
    assert.deepEqual(complaints, [])
  })

  test('no rule of axe is broken, light or dark, wide or narrow, and the keyboard alone is enough', async () => {
    for (const [colorScheme, width] of [
      ['light', 1320],
      ['dark', 390],
    ] as const) {
      const { page } = await open({ colorScheme, viewport: { width, height: 844 } })
      await page.focus('#pack')
      await page.keyboard.press('ArrowDown')
      await page.waitForSelector('.form-places select')
      await page.keyboard.press('Tab')
      assert.equal(
        await page.evaluate(() => document.activeElement?.closest('label')?.textContent?.slice(0, 10)),
        'from start',
      )
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowDown')
      assert.equal(await page.inputValue('.form-places select >> nth=0'), 'bottom')
      await search(page)
      await page.waitForTimeout(700)
      assert.deepEqual(await brokenRules(page), [], `${colorScheme}, ${width}`)
      assert.ok((await overflowOf(page)) <= 0)
      await screenshot(page, `paths-${colorScheme}-${width}`)
      await page.context().close()
    }
  })

  test('where one pack is served there is nothing to choose, and that pack is asked', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rollover-one-pack-'))
    let alone: RunningStack | undefined
    try {
      await cp(PATHS, join(folder, 'trajectories'), { recursive: true })
      alone = await runStack({ ...LONG, pack: join(folder, 'trajectories') })
      const { page } = await openPlayground(alone, browser)
      await page.waitForSelector('.form-places select')
      assert.equal(await page.locator('#pack').count(), 0)
      await search(page)
      assert.match((await page.textContent('.badge[role=status]')) ?? '', /Succeeded/)
    } finally {
      await alone?.close()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
