import { OutriderError } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { type EagleOptions, eagle } from '../src'
import { draftShape } from '../src/options'
import { staticTree } from '../src/static-tree'

const head = 'anywhere'

function code(options: Partial<EagleOptions>): string {
  try {
    eagle({ head, ...options })
    return 'none'
  } catch (error) {
    return OutriderError.is(error) ? error.code : 'other'
  }
}

describe('options', () => {
  test.each<Partial<EagleOptions>>([
    { tokens: 0 },
    { tokens: 1.5 },
    { tokens: 33 },
    { tokens: 3, branches: [1] },
    { branches: [2], tree: {} },
    { choices: [[0]], tree: {} },
    { branches: [] },
    { branches: [0] },
    { branches: [33] },
    { branches: [16, 16] },
    { choices: [] },
    { choices: [[]] },
    { choices: [[0, 32]] },
    { choices: [[-1]] },
    { tree: { depth: 0 } },
    { tree: { depth: 33 } },
    { tree: { topK: 0 } },
    { tree: { topK: 33 } },
    { tree: { nodes: 0 } },
    { tree: { nodes: 256 } },
    { tree: { depth: 32, topK: 32 } },
    { layers: [] },
    { layers: [1], layerIds: 'leaving' },
    { layerIds: 'both' as 'leaving' },
    { embedding: 'none' as 'own' },
  ])('%o is refused', (options) => expect(code(options)).toBe('INVALID_OPTION'))

  test('what is left out has its default', () => {
    expect(eagle({ head }).name).toBe('eagle')
    expect(draftShape({ head }).paths).toEqual([[0], [0, 0], [0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0, 0]])
    expect(draftShape({ head, tree: {} }).grow).toEqual({ depth: 6, topK: 8, nodes: 31 })
    expect(draftShape({ head, tree: { nodes: 7 } }).grow).toEqual({ depth: 6, topK: 8, nodes: 7 })
  })

  test('a path implies its beginnings', () => {
    expect(draftShape({ head, choices: [[0, 1], [2], [0]] }).paths).toEqual([[0], [0, 1], [2]])
  })
})

describe('static trees', () => {
  test('lie level by level, nodes with children first, and say where each token is found', () => {
    const { parents, levels } = staticTree([[1], [0], [0, 2], [0, 0], [2]], 63, 9)
    expect(parents).toEqual([-1, -1, -1, 0, 0])
    expect(levels).toEqual([
      { first: 0, count: 3, expand: 1, choices: 3, picks: [0, 1, 2], above: [0] },
      { first: 3, count: 2, expand: 0, choices: 3, picks: [2, 0], above: [] },
    ])
  })

  test('keep what fits, in the order of the list', () => {
    const paths = [[0], [0, 0], [1], [0, 1], [0, 0, 0]]
    expect(staticTree(paths, 3, 9).parents).toEqual([-1, -1, 0])
    expect(staticTree(paths, 9, 1).parents).toEqual([-1, -1])
    expect(staticTree(paths, 9, 2).parents).toEqual([-1, -1, 0, 0])
    expect(staticTree(paths, 9, 9).parents).toEqual([-1, -1, 0, 0, 2])
  })
})
