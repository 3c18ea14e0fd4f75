import type { Browser, Page } from 'puppeteer-core'

/** What of a page's console is no problem. */
export interface OpenPageOptions {
  /** Errors and warnings that belong to what is tested, by their texts. */
  readonly expected?: readonly RegExp[]
  readonly viewport?: { readonly width: number; readonly height: number }
}

/** A tab, and what went wrong in it and in its workers. */
export interface WatchedPage {
  readonly page: Page
  /** Uncaught errors, console errors and warnings (WebGPU's validation errors are warnings) and crashes that nobody expected. */
  readonly problems: readonly string[]
  close(): Promise<void>
}

/** Opens a tab; what is wrong with it is collected from before its first script on. */
export async function openPage(browser: Browser, url: string, options: OpenPageOptions = {}): Promise<WatchedPage> {
  const { expected = [], viewport = { width: 1280, height: 800 } } = options
  const page = await browser.newPage()
  const problems: string[] = []
  const note = (text: string) => {
    if (!expected.some((pattern) => pattern.test(text))) problems.push(text)
  }
  page.on('console', (message) => {
    const type = message.type()
    if (type === 'error' || type === 'warn')
      note(`${type}: ${message.text()} (${message.location().url ?? page.url()})`)
  })
  page.on('pageerror', (error) => note(`uncaught: ${error instanceof Error ? (error.stack ?? error.message) : error}`))
  page.on('error', (error) => note(`crashed: ${error.message}`))
  await page.setViewport(viewport)
  const response = await page.goto(url, { waitUntil: 'load' })
  if (response && response.status() >= 400) throw new Error(`${url}: the server answers ${response.status()}`)
  return { page, problems, close: () => page.close() }
}
