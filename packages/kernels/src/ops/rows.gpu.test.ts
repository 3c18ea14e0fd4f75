import { referenceBackend } from '@outrider/core/reference'
import { type Backend, INDEX, MAX_TREE_ROWS } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { randomRows } from '../../test/rows'
import { error, run, type Work } from '../../test/run'
import { chain, indexOf } from '../../test/trees'
import { webgpu } from '../index.node'

describe('rows moved and added', () => {
  let backend: Backend
  const reference = referenceBackend()
  beforeAll(async () => {
    backend = await webgpu()
  })
  afterAll(() => {
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  const agrees = async (work: Work, limit = 0): Promise<void> => {
    const [found, expected] = [await run(backend, work), await run(reference, work)]
    for (const [i, out] of found.entries()) expect(error(out, expected[i]!)).toBeLessThanOrEqual(limit)
    expect(expected.some((out) => out.some((value) => value !== 0))).toBe(true)
  }

  test.each([1, 5, 64])('concat of %i rows, parts with and without a norm', async (rows) => {
    const work: Work = {
      tensors: {
        a: { shape: [rows, 40], data: randomRows(rows, 40, 1) },
        b: { shape: [rows + 1, 300], data: randomRows(rows + 1, 300, 2) },
        c: { shape: [rows, 7], data: randomRows(rows, 7, 3) },
        gainA: { shape: [40], data: randomRows(1, 40, 4) },
        gainC: { shape: [7], data: randomRows(1, 7, 5) },
        out: { shape: [rows, 347] },
      },
      read: ['out'],
      record: (ops, t) =>
        ops.concat({
          parts: [
            { x: t('a'), norm: { gain: t('gainA'), eps: 1e-5 } },
            { x: t('b') },
            { x: t('c'), norm: { gain: t('gainC'), eps: 1e-6 } },
          ],
          out: t('out'),
          rows,
        }),
    }
    await agrees(work, 1e-12)
  })

  test.each([
    ['a', 'b', 'out'],
    ['a', 'a', 'out'],
    ['a', 'b', 'a'],
    ['a', 'b', 'b'],
    ['a', 'a', 'a'],
  ])('add: %s + %s into %s', async (a, b, out) => {
    await agrees({
      tensors: {
        a: { shape: [6, 300], data: randomRows(6, 300, 1) },
        b: { shape: [6, 300], data: randomRows(6, 300, 2) },
        out: { shape: [6, 300] },
      },
      read: ['a', 'b', 'out'],
      record: (ops, t) => ops.add({ a: t(a), b: t(b), out: t(out), rows: 5 }),
    })
  })

  test('gatherRows: any order, repetitions, beyond the last row, from an offset', async () => {
    await agrees({
      tensors: {
        x: { shape: [9, 300], data: randomRows(9, 300, 1) },
        indices: { shape: [8], dtype: 'u32', data: Uint32Array.of(99, 99, 8, 0, 3, 3, 0xffffffff, 1) },
        out: { shape: [6, 300] },
      },
      read: ['out'],
      record: (ops, t) => ops.gatherRows({ x: t('x'), indices: t('indices'), at: 2, rows: 6, out: t('out') }),
    })
  })

  test.each([1, 5, 8])('gatherLast: %i rows of 8 hold something', async (rows) => {
    await agrees({
      tensors: {
        x: { shape: [8, 300], data: randomRows(8, 300, 1) },
        tokens: { shape: [MAX_TREE_ROWS], dtype: 'u32' },
        index: { shape: [INDEX.words], dtype: 'u32', data: indexOf(12, chain(rows)) },
        out: { shape: [1, 300] },
      },
      read: ['out'],
      record: (ops, t) =>
        ops.gatherLast({
          x: t('x'),
          pass: { rows: 8, first: 0, tokens: t('tokens'), index: t('index') },
          out: t('out'),
        }),
    })
  })

  test('shapes that do not fit are refused', async () => {
    const refused = (record: Work['record']) =>
      expect(
        run(backend, {
          tensors: { a: { shape: [2, 8] }, b: { shape: [2, 9] }, words: { shape: [2], dtype: 'u32' } },
          read: [],
          record,
        }),
      ).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' })
    await refused((ops, t) => ops.add({ a: t('a'), b: t('b'), out: t('a'), rows: 2 }))
    await refused((ops, t) => ops.add({ a: t('a'), b: t('a'), out: t('a'), rows: 3 }))
    await refused((ops, t) => ops.concat({ parts: [{ x: t('a') }], out: t('b'), rows: 2 }))
    await refused((ops, t) => ops.gatherRows({ x: t('a'), indices: t('words'), at: 1, rows: 2, out: t('a') }))
    await refused((ops, t) => ops.gatherRows({ x: t('a'), indices: t('b'), at: 0, rows: 2, out: t('a') }))
  })
})
