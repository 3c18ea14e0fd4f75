import { describe, expect, it } from 'vitest'
import { OutriderError } from '../errors'
import { chain, checkTree, depths, isChain } from './check'

const limits = { nodes: 6, depth: 3, vocab: 10 }

/** Code of the error that a check ends with; undefined where it passes. */
function code(tokens: readonly number[], parents: readonly number[]): string | undefined {
  try {
    checkTree({ tokens, parents }, limits, 'test')
    return undefined
  } catch (error) {
    return OutriderError.is(error) ? error.code : 'other'
  }
}

describe('token trees', () => {
  it('accepts trees with interleaved siblings, chains and nothing', () => {
    expect(code([1, 2, 3, 4], [-1, -1, 0, 1])).toBeUndefined()
    expect(code([1, 2, 3], [-1, 0, 1])).toBeUndefined()
    expect(code([], [])).toBeUndefined()
  })

  it('refuses parents after or at their children, which a cycle needs', () => {
    expect(code([1, 2], [1, -1])).toBe('TREE_MALFORMED')
    expect(code([1, 2], [-1, 1])).toBe('TREE_MALFORMED')
    expect(code([1], [-2])).toBe('TREE_MALFORMED')
    expect(code([1, 2], [-1, 0.5])).toBe('TREE_MALFORMED')
  })

  it('refuses ids that are no tokens, twins, and lengths that differ', () => {
    expect(code([10], [-1])).toBe('TREE_MALFORMED')
    expect(code([-1], [-1])).toBe('TREE_MALFORMED')
    expect(code([4, 4], [-1, -1])).toBe('TREE_MALFORMED')
    expect(code([4, 4], [-1, 0])).toBeUndefined()
    expect(code([1], [])).toBe('TREE_MALFORMED')
  })

  it('refuses trees over the budget', () => {
    expect(code([1, 2, 3, 4, 5, 6, 7], [-1, -1, -1, -1, -1, -1, -1])).toBe('TREE_TOO_LARGE')
    expect(code([1, 2, 3, 4], [-1, 0, 1, 2])).toBe('TREE_TOO_LARGE')
  })

  it('knows levels and chains', () => {
    expect(depths([-1, -1, 0, 2])).toEqual([1, 1, 2, 3])
    expect(isChain(chain([5, 6, 7]).parents)).toBe(true)
    expect(isChain([-1, -1])).toBe(false)
  })
})
