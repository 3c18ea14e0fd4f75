import { referenceBackend } from '@outrider/core/reference'
import type { Backend } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paths } from '../../../test/backends'
import { among, neighbours, randomRows } from '../../../test/rows'
import { error, run, words } from '../../../test/run'
import { webgpu } from '../../index.node'

async function normalise(
  backend: Backend,
  x: Float32Array,
  width: number,
  rows: number,
  inPlace = false,
): Promise<Float32Array> {
  const [out] = await run(backend, {
    tensors: {
      x: { shape: [x.length / width, width], data: x },
      gain: { shape: [width], data: randomRows(1, width, 7) },
      out: { shape: [x.length / width, width] },
    },
    read: [inPlace ? 'x' : 'out'],
    record: (ops, t) =>
      ops.rmsNorm({ x: t('x'), norm: { gain: t('gain'), eps: 1e-5 }, out: t(inPlace ? 'x' : 'out'), rows }),
  })
  return out as Float32Array
}

const bitsOf = new Map<string, Uint32Array>()

describe.each(paths)('rmsNorm through $path', ({ options }) => {
  let backend: Backend
  beforeAll(async () => {
    backend = await webgpu(options)
  })
  afterAll(() => backend.dispose())

  test.each([
    [1, 32],
    [2, 255],
    [5, 256],
    [8, 576],
    [17, 80],
    [64, 300],
    [256, 33],
    [1, 16386],
  ])('%i rows of %i', async (rows, width) => {
    const x = randomRows(rows, width, rows)
    const found = await normalise(backend, x, width, rows)
    expect(error(found, await normalise(referenceBackend(), x, width, rows))).toBeLessThan(1e-12)
    expect(words(await normalise(backend, x, width, rows, true))).toEqual(words(found))
    const key = `${rows} ${width}`
    const other = bitsOf.get(key)
    if (other) expect(words(found)).toEqual(other)
    bitsOf.set(key, words(found))
  })

  test('a row is the same, bit for bit, alone and anywhere among others', async () => {
    const width = 576
    const row = randomRows(1, width, 5)
    const alone = words(await normalise(backend, row, width, 1))
    for (const rows of [2, 5, 8, 17, 33, 64, 128, 256])
      for (const neighbour of neighbours) {
        const place = (rows * 7 + neighbour.length) % rows
        const x = among(row, rows, (here) => here === place, neighbour)
        const out = await normalise(backend, x, width, rows)
        expect(words(out.slice(place * width, (place + 1) * width))).toEqual(alone)
      }
  })

  test('rows beyond `rows` stay as they are', async () => {
    const x = randomRows(4, 40, 3)
    const out = await normalise(backend, x, 40, 3)
    expect(out.slice(120).every((value) => value === 0)).toBe(true)
  })

  test('shapes that do not fit are refused', async () => {
    await expect(normalise(backend, randomRows(2, 40, 1), 40, 3)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
  })
})
