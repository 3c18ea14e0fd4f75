import { INDEX, MAX_TREE_ROWS } from '@outrider/core/spec'
import { expect, test } from 'vitest'
import { againstReference } from '../../../test/against-reference'
import { u32 } from '../../../test/outcomes'
import { chain, indexOf } from '../../../test/trees'

const { same } = againstReference()

test.each([
  ['several rows', 10, 15, 0, 8, 5, 0],
  ['the limit', 10, 90, 0, 64, 64, 0],
  ['an offset forward', 10, 10, 1, 8, 1, 0],
  ['an offset backward', 10, 15, -2, 8, 3, 0],
  ['nothing', 10, 10, 0, 8, 0, 0],
  ['an end before the start', 10, 4, -9, 8, 0, 0],
  ['the token after each position', 10, 15, 0, 8, 5, 1],
])('%s', async (_, from, to, toOffset, rows, count, tokenOffset) => {
  const [tokens, index] = await same({
    tensors: {
      history: u32(Uint32Array.from({ length: 100 }, (_, i) => 1000 + i)),
      length: u32([50]),
      start: u32([from]),
      end: u32([to]),
      tokens: u32([], MAX_TREE_ROWS),
      index: u32([], INDEX.words),
    },
    read: ['tokens', 'index'],
    record: (ops, t) =>
      ops.spanIndex({
        sequence: { history: t('history'), length: t('length') },
        from: t('start'),
        to: t('end'),
        toOffset,
        rows,
        tokenOffset,
        tokens: t('tokens'),
        index: t('index'),
      }),
  })
  expect([...tokens!.slice(0, count)]).toEqual(Array.from({ length: count }, (_, r) => 1000 + from + r + tokenOffset))
  expect(index!.slice(0, 2)).toEqual(Uint32Array.of(from, count))
  expect(index!.slice(INDEX.paths)).toEqual(indexOf(from, chain(count)).slice(INDEX.paths))
})
