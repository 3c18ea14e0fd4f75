import { INDEX, MAX_TREE_ROWS } from '@outrider/core/spec'
import { expect, test } from 'vitest'
import { againstReference } from '../../test/against-reference'
import { randomRows } from '../../test/rows'
import { run, type Work } from '../../test/run'
import { chain, indexOf } from '../../test/trees'

const both = againstReference()

test.each([1, 5, 64, 256])('concat of %i rows, parts with and without a norm', async (rows) => {
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
  await both.near(work, 1e-12)
})

test.each([
  ['a', 'b', 'out'],
  ['a', 'a', 'out'],
  ['a', 'b', 'a'],
  ['a', 'b', 'b'],
  ['a', 'a', 'a'],
])('add: %s + %s into %s', async (a, b, out) => {
  await both.near(
    {
      tensors: {
        a: { shape: [6, 300], data: randomRows(6, 300, 1) },
        b: { shape: [6, 300], data: randomRows(6, 300, 2) },
        out: { shape: [6, 300] },
      },
      read: ['a', 'b', 'out'],
      record: (ops, t) => ops.add({ a: t(a), b: t(b), out: t(out), rows: 5 }),
    },
    0,
  )
})

test('gatherRows: any order, repetitions, beyond the last row, from an offset', async () => {
  await both.near(
    {
      tensors: {
        x: { shape: [9, 300], data: randomRows(9, 300, 1) },
        indices: { shape: [8], dtype: 'u32', data: Uint32Array.of(99, 99, 8, 0, 3, 3, 0xffffffff, 1) },
        out: { shape: [6, 300] },
      },
      read: ['out'],
      record: (ops, t) => ops.gatherRows({ x: t('x'), indices: t('indices'), at: 2, rows: 6, out: t('out') }),
    },
    0,
  )
})

test('gatherRows and add: 256 rows', async () => {
  await both.near(
    {
      tensors: {
        x: { shape: [256, 40], data: randomRows(256, 40, 1) },
        indices: { shape: [256], dtype: 'u32', data: Uint32Array.from({ length: 256 }, (_, i) => (i * 37) % 256) },
        out: { shape: [256, 40] },
        sum: { shape: [256, 40] },
      },
      read: ['out', 'sum'],
      record: (ops, t) => {
        ops.gatherRows({ x: t('x'), indices: t('indices'), at: 0, rows: 256, out: t('out') })
        ops.add({ a: t('x'), b: t('out'), out: t('sum'), rows: 256 })
      },
    },
    0,
  )
})

test.each([1, 5, 8])('gatherLast: %i rows of 8 hold something', async (rows) => {
  await both.near(
    {
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
    },
    0,
  )
})

test('shapes that do not fit are refused', async () => {
  const refused = (record: Work['record']) =>
    expect(
      run(both.device, {
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
