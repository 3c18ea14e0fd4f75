import { describe, expect, test } from 'vitest'
import { MAX_TREE_ROWS } from '../spec'
import { readTree } from './host-verdict'

/** What programs left: words of `TreeTensors`, the rest zero. */
function left(tokens: readonly number[], shape: readonly number[], nodes = MAX_TREE_ROWS - 1) {
  const bytes = (words: readonly number[]) =>
    Uint32Array.from({ length: MAX_TREE_ROWS }, (_, i) => words[i] ?? 0).buffer
  return readTree(bytes(tokens), bytes(shape), nodes)
}

describe('a tree that programs left on the device', () => {
  test('is what its rows say, without the pending one', () => {
    expect(left([9, 5, 7, 8], [4, 0, 1, 0])).toEqual({ tokens: [5, 7, 8], parents: [-1, 0, -1] })
    expect(left([9], [1])).toEqual({ tokens: [], parents: [] })
    const chain = Array.from({ length: MAX_TREE_ROWS }, (_, row) => (row === 0 ? MAX_TREE_ROWS : row - 1))
    expect(left([], chain).parents).toHaveLength(MAX_TREE_ROWS - 1)
  })

  test.each([
    ['no row', [0], 'has 0 rows'],
    ['more rows than there may be', [MAX_TREE_ROWS + 1], 'has 257 rows'],
    ['more nodes than its draft said', [4, 0, 1, 2], 'has 4 rows', 2],
    ['a row as its own parent', [3, 0, 2], 'has row 2 as the parent of row 2'],
    ['a parent after its child', [3, 2, 0], 'has row 2 as the parent of row 1'],
  ] as const)('is malformed with %s', (_, shape, message, nodes?: number) => {
    expect(() => left([], shape, nodes)).toThrow(
      expect.objectContaining({ code: 'TREE_MALFORMED', message: expect.stringContaining(message) }),
    )
  })
})
