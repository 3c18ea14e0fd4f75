import { type Backend, INDEX, MAX_TREE_ROWS, type Ops, type Tensor } from '@outrider/core/spec'
import { expect, test } from 'vitest'
import { againstReference } from '../../../test/against-reference'
import { u32 } from '../../../test/outcomes'
import { pass } from '../../../test/passes'
import { dispatchesOf, run, withWeights } from '../../../test/run'
import { chain, indexOf, shapeOf, trees } from '../../../test/trees'
import { randomSource } from '../../../test/weight-source'

const both = againstReference()
const { same } = both

/** Tokens and index of a tree of this shape, behind 37 entries; token i of the history is 1000 + i. */
function lay(shape: Uint32Array): ReturnType<typeof same> {
  return same({
    tensors: {
      tokens: u32([5, 6, 7], MAX_TREE_ROWS),
      shape: u32(shape, MAX_TREE_ROWS),
      history: u32(Uint32Array.from({ length: 40 }, (_, i) => 1000 + i)),
      length: u32([37]),
      index: u32([], INDEX.words),
    },
    read: ['tokens', 'index'],
    record: (ops, t) =>
      ops.treeIndex({
        tree: { tokens: t('tokens'), shape: t('shape') },
        sequence: { history: t('history'), length: t('length') },
        index: t('index'),
      }),
  })
}

test.each(trees)('%s: positions and paths', async (_, parents) => {
  const [tokens, index] = await lay(shapeOf(parents))
  expect(tokens![0]).toBe(1037)
  expect(index).toEqual(indexOf(37, parents))
})

test('a tree that says that it has no rows has the pending one', async () => {
  const [, index] = await lay(Uint32Array.of(0, 3, 9))
  expect(index).toEqual(indexOf(37, chain(1)))
})

test.each(
  trees.flatMap(([name, parents]) =>
    (['f16', 'q4_0'] as const).map((format) => ({ name, parents, format, rows: Math.max(1, parents.length - 2) })),
  ),
)(
  'an embedding of $rows rows in $format makes the index that it follows on: $name',
  async ({ parents, format, rows }) => {
    const source = randomSource(format, 70, 96, 1)
    const made = async (backend: Backend) =>
      withWeights(backend, { w: source }, ({ w }) =>
        run(backend, {
          tensors: {
            tokens: u32(
              parents.map((_, row) => (row * 13) % 70),
              MAX_TREE_ROWS,
            ),
            shape: u32(shapeOf(parents), MAX_TREE_ROWS),
            history: u32(Uint32Array.from({ length: 40 }, (_, i) => i + 20)),
            length: u32([37]),
            index: u32([], INDEX.words),
            out: { shape: [rows, 96] },
          },
          read: ['tokens', 'index', 'out'],
          record: (ops, t) => {
            ops.treeIndex({
              tree: { tokens: t('tokens'), shape: t('shape') },
              sequence: { history: t('history'), length: t('length') },
              index: t('index'),
            })
            ops.embed({ table: w!, pass: pass(t, rows), out: t('out') })
          },
        }),
      )
    const found = await made(both.device)
    expect(found[1]).toEqual(indexOf(37, parents))
    expect(found).toEqual(await made(both.reference))
  },
)

test.each([
  ['the committed one, two back', -2, 1],
  ['itself, two on', 2, 2],
] as const)('a tree lies behind a length that is set right before: %s', async (_, offset, dispatches) => {
  const parents = [0, 0, 0, 1, 3]
  const own = dispatches === 2 ? 'length' : 'committed'
  const words: Record<string, ReturnType<typeof u32>> = {
    tokens: u32([0, 3, 5, 7, 9], MAX_TREE_ROWS),
    shape: u32(shapeOf(parents), MAX_TREE_ROWS),
    history: u32(Uint32Array.from({ length: 40 }, (_, i) => i + 20)),
    length: u32([20]),
    committed: u32([37]),
    index: u32([], INDEX.words),
  }
  const record = (ops: Ops, t: (name: string) => Tensor) => {
    const sequence = { history: t('history'), length: t('length') }
    ops.setLength({ sequence: { ...sequence, length: t(own) }, length: t('length'), offset })
    ops.treeIndex({ tree: { tokens: t('tokens'), shape: t('shape') }, sequence, index: t('index') })
  }
  const [tokens, index, length] = await same({ tensors: words, read: ['tokens', 'index', 'length'], record })
  const base = own === 'length' ? 22 : 35
  expect([tokens![0], length![0]]).toEqual([base + 20, base])
  expect(index).toEqual(indexOf(base, parents))
  const { device } = both
  const tensors = new Map(Object.entries(words).map(([name, { shape }]) => [name, device.tensor(shape, 'u32', name)]))
  expect(dispatchesOf(device, (ops) => record(ops, (name) => tensors.get(name)!))).toBe(dispatches)
  for (const each of tensors.values()) each.dispose()
})

test('only an embedding of the first rows, right behind its own index, makes it', async () => {
  const { device } = both
  const words = (count: number) => device.tensor([count], 'u32', 'words')
  const [tokens, shape, history, length] = [words(MAX_TREE_ROWS), words(MAX_TREE_ROWS), words(9), words(1)]
  const [index, another, out] = [words(INDEX.words), words(INDEX.words), device.tensor([2, 96], 'f32', 'rows')]
  await withWeights(device, { w: randomSource('f16', 70, 96, 1) }, async ({ w }) => {
    const sequence = { history, length }
    const indexed = (ops: Ops) => ops.treeIndex({ tree: { tokens, shape }, sequence, index })
    const embed = (ops: Ops, first = 0, of = index) =>
      ops.embed({ table: w!, pass: { rows: 2, first, tokens, index: of }, out })
    const counts = [
      (ops: Ops) => embed(ops),
      (ops: Ops) => embed(ops, 1),
      (ops: Ops) => embed(ops, 0, another),
      (ops: Ops) => {
        ops.setLength({ sequence, length, offset: 1 })
        embed(ops)
      },
      (ops: Ops) => {
        embed(ops)
        embed(ops)
      },
    ].map((follows) =>
      dispatchesOf(device, (ops) => {
        indexed(ops)
        follows(ops)
      }),
    )
    expect(counts).toEqual([1, 2, 2, 3, 2])
  })
  for (const each of [tokens, shape, history, length, index, another, out]) each.dispose()
})
