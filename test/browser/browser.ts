/** Debian's Chromium, by playwright-core, against the real local stack. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** Why browser tests cannot run here; false when they can. */
export const skip: string | false =
  CHROMIUM === undefined && 'no Chromium on this machine: apt-get install -y chromium brings it'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM ?? '', args: FLAGS })

/** Longest wait for what should be there at once. */
const SLOW_MS = 90_000

export interface OpenedPage {
  readonly page: Page
  /** What the browser complained of: errors of scripts and refusals of the policy. */
  readonly complaints: string[]
}

/** A page of its own, in a context of its own: no key and no storage of another test. */
export const openPage = async (browser: Browser, options: BrowserContextOptions = {}): Promise<OpenedPage> => {
  const context = await browser.newContext({ viewport: { width: 1320, height: 900 }, ...options })
  context.setDefaultTimeout(SLOW_MS)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // A refused request (4xx) is logged by the browser; the page shows it, and the test looks there.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  return { page, complaints }
}

const SCREENSHOTS = fileURLToPath(new URL('../../out/screenshots/', import.meta.url))

/** Kept in out/screenshots for whoever wants to look. */
export const screenshot = async (page: Page, name: string): Promise<void> => {
  await mkdir(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })
}

/** A slow mobile network: what the browser's own tools call slow 3G, for a page and all it asks for. */
export const slowDown = async (page: Page): Promise<void> => {
  const debuggerOfPage = await page.context().newCDPSession(page)
  const bytesPerSecond = 50_000
  await debuggerOfPage.send('Network.enable')
  await debuggerOfPage.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 400,
    downloadThroughput: bytesPerSecond,
    uploadThroughput: bytesPerSecond,
  })
}

/** Holds back what the page asks for under a path, until it is let go. */
export const holdBack = async (page: Page, path: string): Promise<() => void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  await page.route(
    ({ pathname }) => pathname === path,
    async (route) => {
      await promise
      await route.continue()
    },
  )
  return resolve
}
