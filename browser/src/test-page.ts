import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundlePage } from './bundle-page'
import { launchBrowser, type WatchedBrowser } from './launch-browser'
import type { Commands } from './page/commands'
import { remote } from './remote-engine'
import { type FolderServer, serveFolder } from './serve-folder'
import type { WatchedPage } from './watched-page'

/** Files that a model may have are asked for, and the browser tells the console of each that is not there. */
const absent = /Failed to load resource: the server responded with a status of 404/

/** A browser and a server with the bundled packages and the embedded models. */
export interface TestSite {
  readonly browser: WatchedBrowser
  readonly server: FolderServer
  /** A folder for more models, served as `/made/`. */
  readonly made: string
  /** Opens the page in a tab; `worker` and `page` run commands in its threads. */
  open(expected?: readonly RegExp[]): Promise<TestTab>
  close(): Promise<void>
}

/** A tab with the bundled packages. */
export interface TestTab extends WatchedPage {
  readonly worker: Commands
  readonly thread: Commands
}

/** Bundles, serves and starts all that a test of the packages in a browser needs. */
export async function openSite(options: { readonly gpu: boolean }): Promise<TestSite> {
  const folder = await bundlePage()
  const made = await mkdtemp(join(tmpdir(), 'outrider-made-'))
  const server = await serveFolder(folder, { '/models/': 'models', '/made/': made })
  const ends = [
    () => server.close(),
    () => rm(folder, { recursive: true, force: true }),
    () => rm(made, { recursive: true, force: true }),
  ]
  const end = async () => {
    for (const step of ends) await step()
  }
  const browser = await launchBrowser(options).catch(async (error: unknown) => {
    await end()
    throw error
  })
  return {
    browser,
    server,
    made,
    open: async (expected = []) => {
      const tab = await browser.open(`${server.url}/`, { expected: [absent, ...expected] })
      return { ...tab, worker: remote(tab.page, 'worker'), thread: remote(tab.page, 'page') }
    },
    close: () => browser.close().finally(end),
  }
}
