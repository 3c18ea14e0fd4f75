import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'puppeteer-core'
import { build } from 'vite'
import { launchBrowser, type WatchedBrowser } from '../../../browser/src/launch-browser'
import { type FolderServer, serveFolder } from '../../../browser/src/serve-folder'
import type { OpenPageOptions } from '../../../browser/src/watched-page'
import { writeLink } from '../src/state/link'
import { defaults, type Settings } from '../src/state/settings'

/** Loading asks for files that a model may have, and the console tells of each that is not there. */
const absent = /Failed to load resource: the server responded with a status of 404/

/** The built page, served with the embedded model, and a browser for it. */
export interface PlaygroundSite {
  readonly browser: WatchedBrowser
  readonly server: FolderServer
  /** Opens the page with settings, or by a link. */
  open(settings?: Partial<Settings> | string, options?: OpenPageOptions): Promise<PlaygroundTab>
  close(): Promise<void>
}

/** A tab with the page. */
export interface PlaygroundTab {
  readonly page: Page
  /** Waits until something can be generated. */
  ready(): Promise<void>
  /** Goes to another link of the page that is open. */
  follow(settings: Partial<Settings>): Promise<void>
  /** Presses Run, and waits until the run has begun. */
  run(): Promise<void>
  /** Waits for the end of a run, and says how it ended: `finished`, `stopped`, `lost` or `failed`. */
  ended(): Promise<string | null>
  /** Waits until the text has so many tokens. */
  tokens(count: number): Promise<void>
  /** Ids of the text so far. */
  ids(): Promise<readonly number[]>
  close(): Promise<void>
}

/** Builds the page as `vite build` does, serves it and starts a browser. */
export async function openPlayground({ gpu }: { readonly gpu: boolean }): Promise<PlaygroundSite> {
  const folder = await mkdtemp(join(tmpdir(), 'outrider-playground-'))
  await build({
    root: join(import.meta.dirname, '..'),
    logLevel: 'error',
    publicDir: false,
    build: { outDir: folder, emptyOutDir: true },
  })
  const server = await serveFolder(folder, { '/stories-5m/': join(import.meta.dirname, '../../../models/stories-5m') })
  const end = async () => {
    await server.close()
    await rm(folder, { recursive: true, force: true })
  }
  const browser = await launchBrowser({ gpu }).catch(async (error: unknown) => {
    await end()
    throw error
  })
  return {
    browser,
    server,
    open: async (settings = {}, { expected = [], ...options } = {}) => {
      const url = typeof settings === 'string' ? settings : `${server.url}/${linkOf(settings)}`
      const { page, close } = await browser.open(url, { ...options, expected: [absent, ...expected] })
      return { ...tabOf(page), close }
    },
    close: () => browser.close().finally(end),
  }
}

/** Compiling programs for the first time takes a software device this long, and more beside other work. */
const timeout = 60_000

function tabOf(page: Page): Omit<PlaygroundTab, 'close'> {
  return {
    page,
    ready: async () => {
      await page.waitForSelector('#run:enabled', { timeout })
    },
    follow: (settings) =>
      page.evaluate((hash) => {
        location.hash = hash
      }, linkOf(settings)),
    run: async () => {
      const begun = page.evaluate(runBegins)
      await page.click('#run:enabled')
      await begun
    },
    ended: async () => {
      const ending = await page.waitForSelector('#ending[data-state="ended"]', { timeout })
      return ending?.evaluate((element) => element.getAttribute('data-end')) ?? null
    },
    tokens: async (count) => {
      await page.waitForFunction((least) => document.querySelectorAll('.token').length >= least, { timeout }, count)
    },
    ids: () => page.$$eval('.token', (tokens) => tokens.map((token) => Number(token.getAttribute('data-id')))),
  }
}

/** In the page: settles when a run begins, be it as short as it may. */
function runBegins(): Promise<void> {
  return new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (!document.querySelector('#ending[data-state="running"]')) return
      observer.disconnect()
      resolve()
    })
    observer.observe(document.body, { subtree: true, childList: true, attributes: true })
  })
}

/** The part of an address after its path; a link of nothing but defaults has one, too. */
function linkOf(settings: Partial<Settings>): string {
  return writeLink({ ...defaults, ...settings }) || '#'
}
