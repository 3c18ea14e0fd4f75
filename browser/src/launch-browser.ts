import puppeteer, { type Browser } from 'puppeteer-core'
import { chromium } from './chromium'
import { type OpenPageOptions, openPage, type WatchedPage } from './watched-page'

/** A headless Chromium whose pages are watched. */
export interface WatchedBrowser {
  /** Opens a tab and waits for its `load` event. Tabs of one browser share storage, the Cache API and the GPU process. */
  open(url: string, options?: OpenPageOptions): Promise<WatchedPage>
  /** Kills the GPU process, as `about:gpucrash` does: every device is lost, and new adapters come from a new process. */
  crashGpu(): Promise<void>
  /** Ends the browser, whatever happened; then throws if a page met errors or warnings that were not expected. */
  close(): Promise<void>
}

const webGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan']

/**
 * Starts a browser with an empty profile: with WebGPU on SwiftShader (subgroups of 4 lanes, dot4I8Packed, timestamps), or
 * without any adapter. Throws where it does not start.
 */
export async function launchBrowser({ gpu }: { readonly gpu: boolean }): Promise<WatchedBrowser> {
  const { executable, environment } = chromium()
  const browser = await puppeteer.launch({
    executablePath: executable,
    headless: 'shell',
    args: ['--no-sandbox', ...(gpu ? webGpu : ['--disable-gpu'])],
    env: { ...process.env, ...environment },
    // A page that computes on the main thread answers late.
    protocolTimeout: 300_000,
  })
  const pages: WatchedPage[] = []
  return {
    open: async (url, options) => {
      const page = await openPage(browser, url, options)
      pages.push(page)
      return page
    },
    crashGpu: () => crashGpu(browser),
    close: async () => {
      await browser.close()
      const problems = pages.flatMap((page) => page.problems)
      if (problems.length > 0) throw new Error(`the browser's pages met problems:\n${problems.join('\n')}`)
    },
  }
}

async function crashGpu(browser: Browser): Promise<void> {
  const session = await browser.target().createCDPSession()
  // The protocol's own word for it; the types of puppeteer leave it out where it is experimental.
  await session.send('Browser.crashGpuProcess')
  await session.detach()
}
