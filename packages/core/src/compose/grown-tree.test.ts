import { describe, expect, test } from 'vitest'
import { likeliestPaths, staticTree } from '../tree'
import { expected, worthOf } from './grown-tree'

const acceptance = [
  [0.6, 0.2, 0.1],
  [0.5, 0.3],
  [0.4, 0.1],
]
const { paths } = likeliestPaths(acceptance, { nodes: 20 })
const rows = (count: number) => 1 + count / 4

describe.each(paths.map((_, nodes) => nodes))('of the first %i nodes', (nodes) => {
  const worth = worthOf(paths, acceptance, rows)[nodes]
  const { levels } = staticTree(paths, nodes, 3)

  test('tokens are the sum of what nodes bring', () => {
    expect(worth?.tokens).toBeCloseTo(expected(paths.slice(0, nodes), acceptance), 12)
  })

  test('work is what each level takes by the rows that it is run over', () => {
    const above = [1, ...levels.map(({ expand }) => expand)].slice(0, levels.length)
    expect(worth?.work).toBeCloseTo(
      above.reduce((sum, count) => sum + rows(count), 0),
      12,
    )
    expect(worth?.levels).toBe(levels.length)
    expect(worthOf(paths, acceptance, null)[nodes]?.work).toBe(levels.length)
  })
})
