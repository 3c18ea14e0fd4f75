import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser, type WatchedBrowser } from './launch-browser'
import { type FolderServer, serveFolder } from './serve-folder'

let folder: string
let server: FolderServer
let browser: WatchedBrowser

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-harness-'))
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Quiet</title>')
  await writeFile(
    join(folder, 'loud.html'),
    `<!doctype html><title>Loud</title><script>
      new Worker(URL.createObjectURL(new Blob(["console.error('from a worker'); throw new Error('thrown in a worker')"])))
      console.warn('a warning')
      console.error('an expected error')
      console.log('a word')
      setTimeout(() => { throw new Error('thrown in a page') })
    </script>`,
  )
  await writeFile(join(folder, 'ten.bin'), '0123456789')
  server = await serveFolder(folder)
  browser = await launchBrowser({ gpu: true })
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

test('the browser has WebGPU with subgroups and dot products of packed bytes', async () => {
  const { page } = await browser.open(server.url)
  const found = await page.evaluate(async () => {
    const adapter = await navigator.gpu.requestAdapter()
    const wgsl = [...navigator.gpu.wgslLanguageFeatures]
    return { features: [...(adapter?.features ?? [])] as string[], wgsl, architecture: adapter?.info.architecture }
  })
  expect(found.architecture).toBe('swiftshader')
  expect(found.features).toContain('subgroups')
  expect(found.wgsl).toContain('packed_4x8_integer_dot_product')
})

test('a device is lost with the GPU process, and the next adapter works', async () => {
  const { page } = await browser.open(server.url, { expected: [/external Instance reference no longer exists/] })
  const lost = page.evaluate(async () => {
    const device = await (await navigator.gpu.requestAdapter())?.requestDevice()
    document.title = 'ready'
    return (await device?.lost)?.reason
  })
  await page.waitForFunction(() => document.title === 'ready')
  await browser.crashGpu()
  expect(await lost).toBe('unknown')
  expect(await page.evaluate(async () => (await navigator.gpu.requestAdapter()) !== null)).toBe(true)
})

test('without a GPU there is no adapter', async () => {
  const without = await launchBrowser({ gpu: false })
  try {
    const { page } = await without.open(server.url, { expected: [/Failed to create WebGPU Context Provider/] })
    expect(await page.evaluate(async () => (await navigator.gpu?.requestAdapter()) ?? null)).toBe(null)
  } finally {
    await without.close()
  }
})

test('errors and warnings of pages and workers fail the closing of the browser', async () => {
  const loud = await launchBrowser({ gpu: false })
  const { page, problems } = await loud.open(`${server.url}/loud.html`, { expected: [/an expected error/] })
  await page.waitForFunction(() => document.title === 'Loud')
  const texts = ['from a worker', 'thrown in a worker', 'a warning', 'thrown in a page']
  await expect.poll(() => texts.filter((text) => !problems.some((problem) => problem.includes(text)))).toEqual([])
  expect(problems.filter((problem) => /expected error|a word/.test(problem))).toEqual([])
  await expect(loud.close()).rejects.toThrow('thrown in a worker')
})

test('files are served in ranges and with etags', async () => {
  server.requests.length = 0
  const whole = await fetch(`${server.url}/ten.bin`)
  expect(await whole.text()).toBe('0123456789')
  const part = await fetch(`${server.url}/ten.bin`, { headers: { range: 'bytes=0-0' } })
  expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([206, '0', 'bytes 0-0/10'])
  expect(whole.headers.get('etag')).toBeTruthy()
  expect((await fetch(`${server.url}/no.bin`)).status).toBe(404)
  expect(server.requests).toEqual(['GET /ten.bin', 'GET /ten.bin bytes=0-0', 'GET /no.bin'])
})
