import { describe, expect, test } from 'vitest'
import { rawSafetensors, type SafeTensor, safetensorsFile } from '../../test/support/safetensors-file'
import type { ErrorCode } from '../errors'
import { bytesSource } from './byte-source'
import { openTensors } from './open'

const f32: SafeTensor = {
  name: 'a',
  dtype: 'F32',
  shape: [2, 3],
  data: new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer),
}
const f16: SafeTensor = { name: 'b', dtype: 'F16', shape: [2], data: new Uint8Array([0x00, 0x3c, 0x00, 0xc0]) }
const bf16: SafeTensor = { name: 'c', dtype: 'BF16', shape: [1, 1], data: new Uint8Array([0x80, 0x3f]) }
const i64: SafeTensor = { name: 'd', dtype: 'I64', shape: [2], data: new Uint8Array(BigInt64Array.of(-5n, 9n).buffer) }
const bool: SafeTensor = { name: 'e', dtype: 'BOOL', shape: [3], data: new Uint8Array([1, 0, 1]) }
const f8: SafeTensor = { name: 'f', dtype: 'F8_E4M3', shape: [2, 2], data: new Uint8Array(4) }

const open = (file: Uint8Array) => openTensors([bytesSource('model.safetensors', file)])

describe('a whole file', () => {
  const opening = open(safetensorsFile([f32, f16, bf16, i64, bool, f8]))

  test('has its tensors by name, shape and bytes', async () => {
    const files = await opening
    expect(files.names).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(files.bytes).toBe(24 + 4 + 2 + 16 + 3 + 4)
    expect(files.shape('a')).toEqual([2, 3])
    expect([files.has('a'), files.has('z')]).toEqual([true, false])
    expect(files.config).toBeNull()
  })

  test('gives rows as they are stored and vectors as f32', async () => {
    const files = await opening
    const a = files.matrix('a', [2, 3])
    expect(a).toMatchObject({ name: 'a', shape: [2, 3], format: 'f32' })
    const row = await a.rows(1, 2)
    expect([...new Float32Array(row.slice().buffer)]).toEqual([4, 5, 6])
    expect(files.matrix('c').format).toBe('bf16')
    expect([...(await files.vector('b', 2))]).toEqual([1, -2])
    expect([...(await files.vector('a'))]).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('gives integers and booleans as numbers', async () => {
    const files = await opening
    expect(await files.integers('d', 2)).toEqual([-5, 9])
    expect(await files.integers('e')).toEqual([1, 0, 1])
  })

  test.each<[string, (files: Awaited<typeof opening>) => unknown, ErrorCode]>([
    ['a missing tensor', (files) => files.matrix('z'), 'TENSOR_MISSING'],
    ['the shape of a missing tensor', (files) => files.shape('z'), 'TENSOR_MISSING'],
    ['a matrix of another shape', (files) => files.matrix('a', [3, 2]), 'TENSOR_SHAPE'],
    ['a vector as a matrix', (files) => files.matrix('b'), 'TENSOR_SHAPE'],
    ['a vector of another length', (files) => files.vector('b', 3), 'TENSOR_SHAPE'],
    ['integers of another length', (files) => files.integers('d', 3), 'TENSOR_SHAPE'],
    ['integers as weights', (files) => files.vector('d'), 'UNSUPPORTED_FORMAT'],
    ['weights as integers', (files) => files.integers('b'), 'UNSUPPORTED_FORMAT'],
    ['an element type that is not supported', (files) => files.matrix('f'), 'UNSUPPORTED_FORMAT'],
  ])('%s is an error', async (_, use, code) => {
    const files = await opening
    await expect((async () => use(files))()).rejects.toMatchObject({ code })
  })

  test('an error names the tensor and its type', async () => {
    const files = await opening
    expect(() => files.matrix('f')).toThrow(/tensor f is stored as F8_E4M3/)
  })
})

describe('a broken file', () => {
  const whole = safetensorsFile([f32, f16])
  const entry = (dtype: unknown, shape: unknown, data_offsets: unknown) =>
    rawSafetensors(JSON.stringify({ x: { dtype, shape, data_offsets } }), new Uint8Array(16))
  const overlap = {
    x: { dtype: 'U8', shape: [4], data_offsets: [0, 4] },
    y: { dtype: 'U8', shape: [4], data_offsets: [2, 6] },
  }

  test.each<[string, Uint8Array, ErrorCode]>([
    ['nothing', new Uint8Array(0), 'FILE_TRUNCATED'],
    ['half a length', whole.subarray(0, 5), 'FILE_TRUNCATED'],
    ['half a header', whole.subarray(0, 40), 'FILE_TRUNCATED'],
    ['half its data', whole.subarray(0, whole.length - 1), 'FILE_TRUNCATED'],
    ['a header of absurd length', Uint8Array.from({ length: 64 }, () => 0xab), 'FILE_MALFORMED'],
    ['a header that is no JSON', rawSafetensors('{"x": ', new Uint8Array(8)), 'FILE_MALFORMED'],
    ['a header that is no object', rawSafetensors('[1, 2]', new Uint8Array(8)), 'FILE_MALFORMED'],
    ['a tensor without a type', entry(undefined, [2], [0, 2]), 'FILE_MALFORMED'],
    ['a tensor with a negative axis', entry('U8', [-2], [0, 2]), 'FILE_MALFORMED'],
    ['a tensor whose bytes do not fit its shape', entry('F32', [2], [0, 4]), 'FILE_MALFORMED'],
    ['a tensor that ends before it begins', entry('U8', [2], [4, 2]), 'FILE_MALFORMED'],
    ['tensors that overlap', rawSafetensors(JSON.stringify(overlap), new Uint8Array(8)), 'FILE_MALFORMED'],
    ['a tensor beyond the file', entry('U8', [20], [0, 20]), 'FILE_TRUNCATED'],
  ])('%s is an error when it is opened', async (_, file, code) => {
    await expect(open(file)).rejects.toMatchObject({ code })
  })
})

describe('several files', () => {
  const index = (map: unknown) =>
    bytesSource('model.safetensors.index.json', new TextEncoder().encode(JSON.stringify({ weight_map: map })))
  const one = bytesSource('one.safetensors', safetensorsFile([f32]))
  const two = bytesSource('two.safetensors', safetensorsFile([f16, i64]))
  const map = { a: 'one.safetensors', b: 'two.safetensors', d: 'two.safetensors' }

  test('are one by their index', async () => {
    const files = await openTensors([index(map), one, two])
    expect(files.names).toEqual(['a', 'b', 'd'])
    expect([...(await files.vector('b'))]).toEqual([1, -2])
    expect(files.matrix('a').shape).toEqual([2, 3])
  })

  test.each<[string, Parameters<typeof openTensors>[0], ErrorCode]>([
    ['a missing shard', [index(map), one], 'FILE_NOT_FOUND'],
    ['an index without a map', [index(undefined), one], 'FILE_MALFORMED'],
    ['an index that leaves the folder', [index({ a: '../one.safetensors' }), one], 'FILE_MALFORMED'],
    [
      'a tensor in two shards',
      [index({ a: 'one.safetensors', b: 'again' }), one, { ...one, name: 'again' }],
      'FILE_MALFORMED',
    ],
    ['several files without an index', [one, two], 'FILE_NOT_FOUND'],
    ['no weights', [bytesSource('config.json', new Uint8Array(2))], 'FILE_NOT_FOUND'],
  ])('%s is an error', async (_, sources, code) => {
    await expect(openTensors(sources)).rejects.toMatchObject({ code })
  })

  test('a single file may have any name', async () => {
    expect((await openTensors([two])).names).toEqual(['b', 'd'])
  })
})
