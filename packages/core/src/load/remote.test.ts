import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type FileServer, serveFiles } from '../../test/support/file-server'
import { safetensorsFile } from '../../test/support/safetensors-file'
import type { LoadProgress } from '../spec'
import { openCheckpoint, openTensors } from './open'

const stories = join(import.meta.dirname, '../../../../models/stories-5m')
const weights = safetensorsFile([
  { name: 'a', dtype: 'F32', shape: [2, 2], data: new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) },
  { name: 'big', dtype: 'U8', shape: [200_000], data: Uint8Array.from({ length: 200_000 }, (_, i) => i) },
])

let server: FileServer
let cacheDir = ''

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'outrider-cache-'))
  const names = ['config.json', 'model.safetensors', 'tokenizer.json']
  const entries = await Promise.all(
    names.map(async (name) => [`/stories/${name}`, await readFile(join(stories, name))]),
  )
  server = await serveFiles({ ...Object.fromEntries(entries), '/head.safetensors': weights })
})

afterEach(async () => {
  await server.close()
  await rm(cacheDir, { recursive: true })
})

/** What is kept of the head, and what is being written. */
const files = async () =>
  (await readdir(cacheDir, { recursive: true })).filter((name) => /head\.safetensors$|\.part$/.test(name)).sort()
const head = () => `${server.url}/head.safetensors`

describe('with a cache', () => {
  test('a folder opens as it does locally, and a second time without a body', async () => {
    const checkpoint = await openCheckpoint(`${server.url}/stories`, { cacheDir })
    expect(checkpoint.names).toHaveLength(56)
    expect((await checkpoint.tokenizer())?.encode('<|end|>Once')).toEqual([0, 937])
    await checkpoint.close()
    expect(server.log.filter((line) => line.startsWith('GET')).length).toBeGreaterThanOrEqual(3)
    server.log.length = 0
    const again = await openCheckpoint(`${server.url}/stories/`, { cacheDir })
    expect((await again.tokenizer())?.size).toBe(2048)
    expect(server.log.filter((line) => line.startsWith('GET') && server.files.has(line.slice(4)))).toEqual([])
    expect(server.log).toContain('HEAD /stories/model.safetensors')
    await again.close()
  })

  test('progress counts the bytes of each file', async () => {
    const told: LoadProgress[] = []
    const opened = await openTensors(head(), { cacheDir, onProgress: (progress) => told.push(progress) })
    await opened.close()
    const ofFile = told.filter(({ item }) => item === 'head.safetensors')
    expect(ofFile[0]).toEqual({ item: 'head.safetensors', stage: 'download', doneBytes: 0, totalBytes: weights.length })
    expect(ofFile.at(-1)?.doneBytes).toBe(weights.length)
    expect(ofFile.map(({ doneBytes }) => doneBytes)).toEqual(
      ofFile.map(({ doneBytes }) => doneBytes).sort((a, b) => a - b),
    )
  })

  test('a new version replaces the old one', async () => {
    await (await openTensors(head(), { cacheDir })).close()
    const changed = safetensorsFile([{ name: 'b', dtype: 'F32', shape: [1], data: new Uint8Array(4) }])
    server.files.set('/head.safetensors', changed)
    const opened = await openTensors(head(), { cacheDir })
    expect(opened.names).toEqual(['b'])
    await opened.close()
    expect(await files()).toHaveLength(1)
  })

  test('a server without HEAD and without etags is asked by GET, and its body is not read twice', async () => {
    Object.assign(server.faults, { noHead: true, noTag: true })
    await (await openTensors(head(), { cacheDir })).close()
    const told: LoadProgress[] = []
    const opened = await openTensors(head(), { cacheDir, onProgress: (progress) => told.push(progress) })
    expect(opened.has('a')).toBe(true)
    expect(told).toEqual([])
    await opened.close()
  })

  test('a kept file serves when the server is gone', async () => {
    await (await openTensors(head(), { cacheDir })).close()
    const location = head()
    await server.close()
    const opened = await openTensors(location, { cacheDir })
    expect([...(await opened.vector('a'))]).toEqual([1, 2, 3, 4])
    await opened.close()
    await expect(openTensors(`${server.url}/other.gguf`, { cacheDir })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
    })
  })

  test('a connection that breaks leaves nothing behind, and the next try is whole', async () => {
    server.faults.breakAfter = 50_000
    await expect(openTensors(head(), { cacheDir })).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' })
    expect(await files()).toEqual([])
    server.faults.breakAfter = null
    const opened = await openTensors(head(), { cacheDir })
    expect(opened.bytes).toBe(16 + 200_000)
    await opened.close()
  })

  test('an abort in the middle leaves nothing behind', async () => {
    server.faults.stallMs = 2000
    const controller = new AbortController()
    const onProgress = ({ doneBytes }: LoadProgress) => doneBytes > 0 && controller.abort()
    const opening = openTensors(head(), { cacheDir, signal: controller.signal, onProgress })
    await expect(opening).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await files()).toEqual([])
  })

  test('a kept file that lost its end is fetched again', async () => {
    await (await openTensors(head(), { cacheDir })).close()
    const [kept = ''] = await files()
    await writeFile(join(cacheDir, kept), weights.subarray(0, 100))
    const opened = await openTensors(head(), { cacheDir })
    expect([...(await opened.vector('a'))]).toEqual([1, 2, 3, 4])
    await opened.close()
  })

  test('what a process left behind that died is removed, what another one writes stays', async () => {
    await (await openTensors(head(), { cacheDir })).close()
    const [kept = ''] = await files()
    const at = join(cacheDir, kept, '..')
    for (const name of ['dead.part', 'busy.part']) await writeFile(join(at, name), 'half')
    await utimes(join(at, 'dead.part'), 1, 1)
    server.files.set('/head.safetensors', safetensorsFile([]))
    await (await openTensors(head(), { cacheDir })).close()
    expect((await files()).map((name) => name.replace(/.*\//, '')).filter((name) => name.endsWith('.part'))).toEqual([
      'busy.part',
    ])
  })

  test('two at once download side by side and both are whole', async () => {
    const both = await Promise.all([openTensors(head(), { cacheDir }), openTensors(head(), { cacheDir })])
    for (const opened of both) {
      expect([...(await opened.vector('a'))]).toEqual([1, 2, 3, 4])
      await opened.close()
    }
    expect(await files()).toHaveLength(1)
  })

  test('a folder that cannot be written to is an error that says so', async () => {
    await writeFile(join(cacheDir, 'file'), '')
    const opening = openTensors(head(), { cacheDir: join(cacheDir, 'file') })
    await expect(opening).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('cacheDir'),
    })
  })
})

describe('without a cache', () => {
  test('only the ranges that are read are fetched', async () => {
    const told: LoadProgress[] = []
    const opened = await openTensors(head(), { cacheDir: null, onProgress: (progress) => told.push(progress) })
    expect([...(await opened.vector('a'))]).toEqual([1, 2, 3, 4])
    expect((await opened.matrix('a').rows(1, 2)).length).toBe(8)
    const fetched = told.at(-1)?.doneBytes ?? 0
    expect(fetched).toBeGreaterThan(0)
    expect(fetched).toBeLessThan(1000)
    expect(told.at(-1)?.totalBytes).toBe(weights.length)
    await opened.close()
  })

  test('a server that ignores ranges sends the file once', async () => {
    server.faults.noRanges = true
    const opened = await openTensors(head(), { cacheDir: null })
    expect([...(await opened.vector('a'))]).toEqual([1, 2, 3, 4])
    expect(server.log.filter((line) => line.includes('head.safetensors'))).toHaveLength(1)
    await opened.close()
  })

  test('a file that changes, a connection that breaks and a server that fails are errors', async () => {
    const opened = await openTensors(head(), { cacheDir: null })
    server.faults.breakAfter = 4
    await expect(opened.vector('a')).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' })
    Object.assign(server.faults, { breakAfter: null, status: 500 })
    await expect(opened.vector('a')).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' })
    server.faults.status = null
    server.files.set('/head.safetensors', new Uint8Array(weights.length))
    await expect(opened.vector('a')).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' })
  })

  test('an empty file is truncated', async () => {
    server.files.set('/empty.gguf', new Uint8Array(0))
    await expect(openTensors(`${server.url}/empty.gguf`, { cacheDir: null })).rejects.toMatchObject({
      code: 'FILE_TRUNCATED',
    })
  })
})

describe.each([['with a cache'], ['without']])('what is not there, %s', (kind) => {
  const options = () => ({ cacheDir: kind === 'without' ? null : cacheDir })

  test('404 is a missing file', async () => {
    await expect(openTensors(`${server.url}/none.gguf`, options())).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
    await expect(openCheckpoint(`${server.url}/none`, options())).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test('other answers are failed downloads', async () => {
    server.faults.status = 503
    await expect(openTensors(head(), options())).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('503'),
    })
  })

  test('a fetch of one’s own is used', async () => {
    const asked: string[] = []
    const own: typeof fetch = (input, init) => {
      asked.push(String(input))
      return fetch(input, init)
    }
    await (await openTensors(head(), { ...options(), fetch: own })).close()
    expect(asked.length).toBeGreaterThan(0)
  })
})

test('names with spaces and a query in the URL of a file survive', async () => {
  server.files.set('/a b/my head.safetensors', weights)
  const opened = await openTensors(`${server.url}/a%20b/my%20head.safetensors?key=1`, { cacheDir })
  expect(opened.has('a')).toBe(true)
  expect(server.log[0]).toBe('HEAD /a%20b/my%20head.safetensors?key=1')
  await opened.close()
})
