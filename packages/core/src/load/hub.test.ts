import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FileServer, serveFiles } from '../../test/support/file-server'
import { safetensorsFile } from '../../test/support/safetensors-file'
import { hubPlace } from './hub'
import { openTensors } from './open'

const weights = (name: string) => safetensorsFile([{ name, dtype: 'F32', shape: [1], data: new Uint8Array(4) }])
const listing = (...names: string[]) =>
  new TextEncoder().encode(
    JSON.stringify([...names.map((path) => ({ type: 'file', path })), { type: 'directory', path: 'x' }]),
  )

let server: FileServer
let options: { hubUrl: string; cacheDir: string }

beforeEach(async () => {
  server = await serveFiles({
    '/me/model/resolve/main/model.safetensors': weights('main'),
    '/me/model/resolve/main/config.json': new TextEncoder().encode('{"x": 1}'),
    '/me/model/resolve/v2/model.safetensors': weights('v2'),
    '/me/model/resolve/refs/pr/1/model.safetensors': weights('pr'),
    '/me/model/resolve/main/heads/eagle/model.safetensors': weights('eagle'),
    '/me/odd/resolve/main/weights.safetensors': weights('odd'),
    '/api/models/me/odd/tree/main/': listing('README.md', 'weights.safetensors'),
    '/api/models/me/many/tree/main/': listing('a.gguf', 'b.gguf'),
  })
  options = { hubUrl: server.url, cacheDir: await mkdtemp(join(tmpdir(), 'outrider-hub-')) }
})

afterEach(async () => {
  await server.close()
  await rm(options.cacheDir, { recursive: true })
})

test.each([
  ['me/model', 'main', 'me/model'],
  ['me/model@v2', 'v2', 'me/model@v2'],
  ['me/model@refs%2Fpr%2F1', 'pr', 'me/model@refs%2Fpr%2F1'],
  ['me/model/heads/eagle', 'eagle', 'me/model/heads/eagle'],
  ['me/model/heads/eagle/model.safetensors', 'eagle', 'me/model/heads/eagle'],
  ['me/model@v2/model.safetensors', 'v2', 'me/model@v2'],
  ['me/model/model.safetensors@v2', 'v2', 'me/model@v2'],
  ['me/odd', 'odd', 'me/odd'],
])('%s opens', async (id, tensor, location) => {
  const files = await openTensors(id, options)
  expect(files.names).toEqual([tensor])
  expect(files.location).toBe(location)
  await files.close()
})

test('the configuration comes along', async () => {
  const files = await openTensors('me/model', options)
  expect(files.config).toEqual({ x: 1 })
  await files.close()
})

test('a token goes with every request', async () => {
  await (await openTensors('me/model', { ...options, token: 'secret' })).close()
  expect(server.last.headers.authorization).toBe('Bearer secret')
})

test('a token does not go to other places', async () => {
  const url = `${server.url}/me/model/resolve/main/model.safetensors`
  await (await openTensors(url, { ...options, token: 'secret' })).close()
  expect(server.last.headers.authorization).toBeUndefined()
})

test('a repository with several files asks for one of them', async () => {
  await expect(openTensors('me/many', options)).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
    message: expect.stringContaining('a.gguf, b.gguf'),
  })
})

test('what does not exist is an error', async () => {
  await expect(openTensors('me/none', options)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  await expect(openTensors('me/model/none.gguf', options)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  server.faults.status = 401
  await expect(openTensors('me/private', options)).rejects.toMatchObject({
    code: 'DOWNLOAD_FAILED',
    message: expect.stringContaining('token'),
  })
})

test('other texts are no Hub ids', () => {
  for (const text of ['model', './me/model', '/me/model', 'me/model@a/x@b', 'me//model', 'a b/c', 'me/model/'])
    expect(hubPlace(text)).toBeNull()
})
