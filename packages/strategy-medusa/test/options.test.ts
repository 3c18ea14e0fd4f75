import { headTree, OutriderError } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { bestPaths, type MedusaOptions, mcSim7b63, medusa } from '../src'
import { draftShape } from '../src/options'

function code(make: () => unknown): string {
  try {
    make()
    return 'none'
  } catch (error) {
    return OutriderError.is(error) ? error.code : 'other'
  }
}

const pathsOf = (options: MedusaOptions) => draftShape(options).paths

test('the published tree: 63 nodes, four heads, ten choices, every node after its parent', () => {
  expect(mcSim7b63).toHaveLength(63)
  expect(Math.max(...mcSim7b63.map(({ length }) => length))).toBe(4)
  expect(Math.max(...mcSim7b63.flat())).toBe(9)
  expect(pathsOf({ head: '', choices: mcSim7b63 })).toEqual(mcSim7b63)
})

describe('trees grown by accuracy', () => {
  test('take the node of the largest product, next siblings and first children only', () => {
    expect(
      bestPaths(
        [
          [0.5, 0.3],
          [0.4, 0.2],
        ],
        5,
      ),
    ).toEqual([[0], [1], [0, 0], [1, 0], [0, 1]])
    // 0.6 · 0.5 = 0.3 beats 0.25; a second choice comes only after the first, whatever the table says.
    expect(bestPaths([[0.6, 0.25], [0.5]], 3)).toEqual([[0], [0, 0], [1]])
    expect(bestPaths([[0.1, 0.9]], 2)).toEqual([[0], [1]])
  })

  test('end where the table ends', () => {
    expect(bestPaths([[0.5, 0.3], [0.4]], 100)).toEqual([[0], [1], [0, 0], [1, 0]])
  })

  test('are the best of all trees of their size, for accuracies that fall by rank', () => {
    const accuracy = [
      [0.5, 0.2, 0.1],
      [0.45, 0.15, 0.05],
      [0.4, 0.1, 0.08],
    ]
    const worth = (path: readonly number[]) => path.reduce((p, rank, i) => p * (accuracy[i]?.[rank] as number), 1)
    const all = [0, 1, 2].flatMap((a) => [
      [a],
      ...[0, 1, 2].flatMap((b) => [[a, b], ...[0, 1, 2].map((c) => [a, b, c])]),
    ])
    for (const nodes of [1, 4, 9, 20]) {
      const best = all.map(worth).sort((a, b) => b - a)
      const sum = bestPaths(accuracy, nodes).reduce((total, path) => total + worth(path), 0)
      expect(sum).toBeCloseTo(
        best.slice(0, nodes).reduce((a, b) => a + b, 0),
        12,
      )
    }
  })

  test.each([
    [[], 3],
    [[[]], 3],
    [[[1.5]], 3],
    [[[Number.NaN]], 3],
    [[[0.5]], 0],
    [[[0.5]], 1.5],
  ])('refuse %j and %d nodes', (accuracy, nodes) =>
    expect(code(() => bestPaths(accuracy, nodes))).toBe('INVALID_OPTION'),
  )
})

describe('lists of choices', () => {
  test('may come in any order, with beginnings left out and paths twice', () => {
    expect(pathsOf({ head: '', choices: [[1, 0], [0, 2, 1], [1], [0], [1, 0]] })).toEqual([
      [1],
      [1, 0],
      [0],
      [0, 2],
      [0, 2, 1],
    ])
  })

  test('are cut to a budget of nodes and levels', () => {
    const paths = pathsOf({ head: '', choices: [[0], [0, 0], [1], [0, 0, 0], [1, 0]] }) ?? []
    expect(headTree(paths, 4, 3)).toEqual({ parents: [-1, 0, -1, 1], heads: 3, choices: 2, order: [0, 2, 1, 4] })
    expect(headTree(paths, 4, 2)).toMatchObject({ parents: [-1, 0, -1, 2], heads: 2 })
    expect(headTree(paths, 4, 1)).toMatchObject({ parents: [-1, -1], heads: 1, choices: 2, order: [0, 1] })
  })
})

test('a tree that grows takes defaults for what is not said', () => {
  expect(draftShape({ head: '', tree: {} })).toEqual({ growth: { nodes: 15, depth: 4, topK: 16 } })
  expect(draftShape({ head: '', tree: { nodes: 63, topK: 8 } })).toEqual({ growth: { nodes: 63, depth: 4, topK: 8 } })
})

test.each([
  { tokens: 0 },
  { tokens: 1.5 },
  { tokens: Number.NaN },
  { tokens: 2, choices: [[0]] },
  { choices: [] },
  { choices: [[]] },
  { choices: [[0], [-1]] },
  { choices: [[32]] },
  { choices: [[0.5]] },
  { nodes: 7, tree: {} },
  { tree: { nodes: 0 } },
  { tree: { nodes: 64 } },
  { tree: { depth: 6 } },
  { tree: { topK: 33 } },
  { tree: { topK: 1.5 } },
  { tree: { nodes: 63, depth: 5, topK: 32 } },
])('medusa refuses %o', (options) =>
  expect(code(() => medusa({ head: 'anywhere', ...options }))).toBe('INVALID_OPTION'),
)
