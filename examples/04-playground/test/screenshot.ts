import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'puppeteer-core'

/** Where screenshots go: those of the README are renewed only where that is asked for. */
const folder = process.env.OUTRIDER_SCREENSHOTS
  ? join(import.meta.dirname, '../screenshots')
  : join(tmpdir(), 'outrider-screenshots')

/** Writes what is in the window as `name`.png. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`) as `${string}.png` })
}
