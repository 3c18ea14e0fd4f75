import { OutriderError } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { type EagleOptions, eagle } from '../src'
import { draftShape } from '../src/options'

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

  test('trees may have 255 nodes and 32 levels', () => {
    expect(draftShape({ head, tree: { depth: 32, topK: 8, nodes: 255 } }).grow?.nodes).toBe(255)
    expect(draftShape({ head, branches: [15, 16] }).paths).toHaveLength(255)
    expect(draftShape({ head, tokens: 32 }).paths).toHaveLength(32)
  })

  test('a path implies its beginnings', () => {
    expect(draftShape({ head, choices: [[0, 1], [2], [0]] }).paths).toEqual([[0], [0, 1], [2]])
  })
})
