import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ByteSource, blobSource, bytesSource } from './byte-source'
import { fileSource } from './file-source'

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i)
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrider-bytes-'))
  await writeFile(join(folder, 'data.bin'), bytes)
})
afterAll(() => rm(folder, { recursive: true }))

const sources: Readonly<Record<string, () => Promise<ByteSource>>> = {
  memory: async () => bytesSource('data.bin', bytes),
  blob: async () => blobSource('data.bin', new Blob([bytes])),
  file: () => fileSource(join(folder, 'data.bin')),
}

describe.each(Object.entries(sources))('%s', (_, open) => {
  test('reads any range', async () => {
    const source = await open()
    expect(source).toMatchObject({ name: 'data.bin', size: 1000 })
    expect([...(await source.read(0, 3))]).toEqual([0, 1, 2])
    expect([...(await source.read(998, 2))]).toEqual([230, 231])
    expect(await source.read(1000, 0)).toHaveLength(0)
    const parts = await Promise.all([source.read(10, 5), source.read(500, 5)])
    expect(parts.map(([first]) => first)).toEqual([10, 500 % 256])
    await source.close()
  })

  test('reading past the end is an error', async () => {
    const source = await open()
    await expect(source.read(999, 2)).rejects.toMatchObject({ code: 'FILE_TRUNCATED' })
    await expect(source.read(-1, 2)).rejects.toMatchObject({ code: 'FILE_TRUNCATED' })
    await source.close()
  })
})

test('a file that shrinks while it is open is an error', async () => {
  const path = join(folder, 'shrinking.bin')
  await writeFile(path, bytes)
  const source = await fileSource(path)
  await truncate(path, 100)
  await expect(source.read(50, 100)).rejects.toMatchObject({ code: 'FILE_TRUNCATED' })
  await source.close()
})

test('a missing file is an error', async () => {
  await expect(fileSource(join(folder, 'none.bin'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
})
