import { INDEX, MAX_TREE_ROWS, type Ops, OUTCOME, type Tensor } from '@outrider/core/spec'
import { expect, test } from 'vitest'
import { againstReference } from '../../test/against-reference'
import { outcomeOf, u32 } from '../../test/outcomes'
import { randomRows } from '../../test/rows'
import { run, type Work } from '../../test/run'
import { chain, indexOf, shapeOf } from '../../test/trees'

const both = againstReference()

test.each([[[0]], [[0, 3]], [[0, 1, 4, 9]], [Array.from({ length: 64 }, (_, i) => i)]])(
  'commitTokens, commitLength and setLength: rows %j',
  async (path) => {
    const [history, length, ahead] = await both.same({
      tensors: {
        outcome: outcomeOf(20, path),
        history: u32([1, 2, 3], 100),
        length: u32([20]),
        other: u32([7]),
        moved: u32([7]),
        ahead: u32([40]),
      },
      read: ['history', 'length', 'ahead', 'other', 'moved'],
      record: (ops, t) => {
        const sequence = { history: t('history'), length: t('length') }
        ops.commitTokens({ outcome: t('outcome'), sequence })
        ops.commitLength({ outcome: t('outcome'), length: t('other'), fed: 4 })
        ops.setLength({ sequence, length: t('moved'), offset: -3 })
        ops.setLength({ sequence: { ...sequence, length: t('ahead') }, length: t('ahead'), offset: 2 })
      },
    })
    expect(ahead![0]).toBe(42)
    expect(length![0]).toBe(20 + path.length)
    expect(history!.slice(21, 21 + path.length)).toEqual(Uint32Array.from(path, (row) => 100 + row))
  },
)

test('a round on the device: after commit and compaction, attention gives what an orderly cache gives', async () => {
  const [heads, kvHeads, headDim, slots] = [4, 2, 64, 160] as const
  const base = 62 // the accepted path crosses the edge of a tile
  const parents = [0, 0, 0, 1, 2, 3, 4, 6, 5, 7] // accepted: 0, 2, 4, 6, 7
  const path = [0, 2, 4, 6, 7]
  const choices = parents.map((_, row) => 500 + row)
  const tokens = parents.map((parent, row) => (path.includes(row) ? 500 + parent : 900 + row))
  const cache = Uint16Array.from(
    { length: 2 * kvHeads * slots * headDim },
    (_, i) => 0x3000 + ((i * 2654435761) % 2048),
  )
  const orderly = cache.slice()
  for (let head = 0; head < 2 * kvHeads; head++)
    for (const [j, row] of path.entries())
      for (let d = 0; d < headDim; d++)
        orderly[(head * slots + base + j) * headDim + d] = cache[(head * slots + base + row) * headDim + d]!
  const q = randomRows(1, heads * headDim, 8)
  const attention: Work['tensors'] = {
    tokens: u32(tokens, MAX_TREE_ROWS),
    q: { shape: [1, heads * headDim], data: q },
    out: { shape: [1, heads * headDim] },
  }
  const attend = (ops: Ops, t: (name: string) => Tensor) =>
    ops.treeAttention({
      q: t('q'),
      cache: { tensor: t('cache'), layer: 0 },
      heads,
      kvHeads,
      headDim,
      pass: { rows: 1, first: 0, tokens: t('tokens'), index: t('index') },
      out: t('out'),
    })
  const shape = [1, 2, kvHeads, slots, headDim]
  const [expected] = await run(both.device, {
    tensors: { ...attention, index: u32(indexOf(base + 5, chain(1))), cache: { shape, dtype: 'f16', data: orderly } },
    read: ['out'],
    record: attend,
  })
  const [found, history, length] = await run(both.device, {
    tensors: {
      ...attention,
      cache: { shape, dtype: 'f16', data: cache },
      shape: u32(shapeOf(parents)),
      next: u32(shapeOf(chain(1))),
      history: u32([], slots),
      length: u32([base]),
      choices: u32(choices),
      outcome: u32([], OUTCOME.words),
      index: u32([], INDEX.words),
    },
    read: ['out', 'history', 'length'],
    record: (ops, t) => {
      const sequence = { history: t('history'), length: t('length') }
      const pass = { rows: parents.length, first: 0, tokens: t('tokens'), index: t('index') }
      ops.treeIndex({ tree: { tokens: t('tokens'), shape: t('shape') }, sequence, index: t('index') })
      ops.walkTree({ pass, choices: t('choices'), outcome: t('outcome') })
      ops.compactKv({ outcome: t('outcome'), cache: t('cache'), rows: parents.length })
      ops.commitTokens({ outcome: t('outcome'), sequence })
      ops.treeIndex({ tree: { tokens: t('tokens'), shape: t('next') }, sequence, index: t('index') })
      attend(ops, t)
    },
  })
  expect(length![0]).toBe(base + 5)
  expect([...history!.slice(base + 1, base + 6)]).toEqual([500, 502, 504, 506, 507])
  expect(new Uint32Array(found!.buffer)).toEqual(new Uint32Array(expected!.buffer))
  expect(found!.every((value) => value !== 0 && Number.isFinite(value))).toBe(true)
})

test('shapes that do not fit are refused', async () => {
  const refused = (record: Work['record']) =>
    expect(
      run(both.device, { tensors: { few: u32([0]), odd: { shape: [1, 2, 1, 4, 33] } }, read: [], record }),
    ).rejects.toMatchObject({
      code: 'SHAPE_MISMATCH',
    })
  await refused((ops, t) => ops.commitLength({ outcome: t('few'), length: t('few'), fed: 1 }))
  await refused((ops, t) => ops.compactKv({ outcome: t('few'), cache: t('odd'), rows: 1 }))
  await refused((ops, t) => ops.compactKv({ outcome: t('few'), cache: t('few'), rows: 1 }))
  await refused((ops, t) =>
    ops.treeIndex({
      tree: { tokens: t('few'), shape: t('few') },
      sequence: { history: t('few'), length: t('few') },
      index: t('few'),
    }),
  )
})
