import { describe, expect, test } from 'vitest'
import { f32Bytes, type GgufField, type GgufTensor, ggufFile } from '../../test/support/gguf-file'
import type { ErrorCode } from '../errors'
import { type ByteSource, bytesSource } from './byte-source'
import { openTensors } from './open'

const metadata: Readonly<Record<string, GgufField>> = {
  'general.architecture': { string: 'llama' },
  'a.u64': { u64: 12n },
  'a.huge': { u64: 2n ** 63n },
  'a.f32': { f32: 0.5 },
  'a.bool': { bool: true },
  'a.strings': { strings: ['x', '▁é', ''] },
  'a.i32s': { i32s: [3, 1] },
}

const matrix: GgufTensor = { name: 'm', shape: [2, 3], type: 0, data: f32Bytes([1, 2, 3, 4, 5, 6]) }
const blocks: GgufTensor = {
  name: 'q',
  shape: [2, 32],
  type: 8,
  data: Uint8Array.from({ length: 68 }, (_, i) => i % 34 && 1),
}
const ints: GgufTensor = { name: 'i', shape: [2], type: 26, data: new Uint8Array(Int32Array.of(-7, 8).buffer) }
const q5: GgufTensor = { name: 'five', shape: [1, 32], type: 6, data: new Uint8Array(22) }

const open = (file: Uint8Array) => openTensors([bytesSource('model.gguf', file)])

describe('a whole file', () => {
  const opening = open(ggufFile(metadata, [matrix, q5, blocks, ints]))

  test('has its metadata', async () => {
    expect((await opening).config).toEqual({
      'general.architecture': 'llama',
      'a.u64': 12,
      'a.huge': 2n ** 63n,
      'a.f32': 0.5,
      'a.bool': true,
      'a.strings': ['x', '▁é', ''],
      'a.i32s': [3, 1],
    })
  })

  test('has its tensors with the outermost axis first', async () => {
    const files = await opening
    expect(files.names).toEqual(['m', 'five', 'q', 'i'])
    expect(files.shape('m')).toEqual([2, 3])
    expect([...(await files.vector('m'))]).toEqual([1, 2, 3, 4, 5, 6])
    const q = files.matrix('q', [2, 32])
    expect(q.format).toBe('q8_0')
    expect(await q.rows(1, 2)).toEqual(blocks.data.subarray(34))
    expect(await files.integers('i')).toEqual([-7, 8])
  })

  test('names the tensor and type that it cannot read', async () => {
    const files = await opening
    expect(() => files.matrix('five')).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_FORMAT', message: expect.stringMatching(/five is stored as Q5_0/) }),
    )
  })
})

test('other alignments are followed', async () => {
  const files = await open(ggufFile({ ...metadata, 'general.alignment': { u32: 64 } }, [ints, matrix]))
  expect([...(await files.vector('m'))]).toEqual([1, 2, 3, 4, 5, 6])
})

test('a header longer than the first read is read on', async () => {
  const strings = Array.from({ length: 600_000 }, (_, i) => `tok${i}`) // 11 bytes and more each: over 4 MiB
  const file = ggufFile({ 'a.strings': { strings } }, [matrix])
  const reads: number[] = []
  const inner = bytesSource('model.gguf', file)
  const source: ByteSource = {
    ...inner,
    read: (offset, length) => {
      reads.push(length)
      return inner.read(offset, length)
    },
  }
  const files = await openTensors([source])
  expect(files.config).toMatchObject({ 'a.strings': expect.objectContaining({ length: 600_000 }) })
  expect([...(await files.vector('m'))]).toEqual([1, 2, 3, 4, 5, 6])
  expect(reads.length).toBe(3)
})

describe('a broken file', () => {
  const whole = ggufFile(metadata, [matrix, blocks])
  const changed = (at: number, ...bytes: number[]) => {
    const file = whole.slice()
    file.set(bytes, at)
    return file
  }
  const oddRow: GgufTensor = { name: 'q', shape: [2, 33], type: 8, data: new Uint8Array(68) }

  test.each<[string, Uint8Array, ErrorCode]>([
    ['nothing', new Uint8Array(0), 'FILE_TRUNCATED'],
    ['half the magic number', whole.subarray(0, 3), 'FILE_TRUNCATED'],
    ['half a header', whole.subarray(0, 100), 'FILE_TRUNCATED'],
    ['half its data', whole.subarray(0, whole.length - 1), 'FILE_TRUNCATED'],
    ['no data', whole.subarray(0, whole.length - 32 - 68), 'FILE_TRUNCATED'],
    ['another kind of file', Uint8Array.from({ length: 200 }, (_, i) => i), 'FILE_MALFORMED'],
    ['version 1', changed(4, 1), 'UNSUPPORTED_FORMAT'],
    ['big endian', changed(4, 0, 0, 0, 3), 'UNSUPPORTED_FORMAT'],
    ['more tensors than there are', changed(8, 3), 'FILE_MALFORMED'],
    ['an absurd number of values', changed(16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), 'FILE_MALFORMED'],
    ['a text of absurd length', changed(24, 0xff, 0xff, 0xff, 0xff), 'FILE_TRUNCATED'],
    ['a value type that does not exist', changed(24 + 8 + 20, 99), 'FILE_MALFORMED'],
    ['rows that are not whole blocks', ggufFile(metadata, [oddRow]), 'FILE_MALFORMED'],
    ['one part of several', ggufFile({ 'split.count': { u32: 3 } }, [matrix]), 'UNSUPPORTED_FORMAT'],
    ['an alignment of nothing', ggufFile({ 'general.alignment': { u32: 0 } }, []), 'FILE_MALFORMED'],
  ])('%s is an error when it is opened', async (_, file, code) => {
    await expect(open(file)).rejects.toMatchObject({ code })
  })

  test('every cut is noticed', async () => {
    for (let length = 0; length < whole.length; length += 7)
      await expect(open(whole.subarray(0, length))).rejects.toMatchObject({ code: 'FILE_TRUNCATED' })
  })
})
