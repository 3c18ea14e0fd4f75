import { INDEX, MAX_TREE_ROWS } from '@outrider/core/spec'
import { expect, test } from 'vitest'
import { againstReference } from '../../../test/against-reference'
import { u32 } from '../../../test/outcomes'
import { chain, indexOf, shapeOf, trees } from '../../../test/trees'

const { same } = againstReference()

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
