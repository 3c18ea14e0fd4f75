import { describe, expect, it } from 'vitest'
import { OutriderError } from '../errors'
import { headTree } from './head-tree'
import { parentsFirst, type RankPaths, uniformPaths } from './rank-paths'
import { staticTree } from './static-tree'

function code(make: () => unknown): string {
  try {
    make()
    return 'none'
  } catch (error) {
    return OutriderError.is(error) ? error.code : 'other'
  }
}

describe('rank paths', () => {
  it('come once each, after their beginnings, otherwise in the order given', () => {
    expect(parentsFirst([[1, 0], [0, 2, 1], [1], [0], [1, 0]], 'test')).toEqual([[1], [1, 0], [0], [0, 2], [0, 2, 1]])
  })

  it('are made of levels of equally many children', () => {
    expect(uniformPaths([2, 1, 1], 'test')).toEqual([[0], [1], [0, 0], [1, 0], [0, 0, 0], [1, 0, 0]])
    expect(uniformPaths([1, 1], 'test')).toEqual([[0], [0, 0]])
  })

  it.each([[], [[]], [[0], [-1]], [[32]], [[0.5]], [new Array<number>(33).fill(0)]].map((choices) => [choices]))(
    'refuses %j',
    (choices) => expect(code(() => parentsFirst(choices as number[][], 'test'))).toBe('INVALID_OPTION'),
  )

  it.each([[[]], [[0]], [[33]], [[1.5]], [[16, 16]], [new Array<number>(33).fill(1)]])(
    'refuses levels of %j',
    (branches) => expect(code(() => uniformPaths(branches, 'test'))).toBe('INVALID_OPTION'),
  )
})

describe('static trees, drafted level by level', () => {
  const paths = parentsFirst([[0], [1], [1, 0], [0, 1], [1, 2], [0, 1, 0], [2]], 'test')

  it('put the nodes that have children first in their level', () => {
    const { parents, levels } = staticTree(paths, 7, 3)
    // [0], [1], [2] | [0, 1], [1, 0], [1, 2] | [0, 1, 0]
    expect(parents).toEqual([-1, -1, -1, 0, 1, 1, 3])
    expect(levels).toEqual([
      { first: 0, count: 3, expand: 2, choices: 3, picks: [0, 1, 2], above: [0, 0] },
      { first: 3, count: 3, expand: 1, choices: 3, picks: [1, 3, 5], above: [0] },
      { first: 6, count: 1, expand: 0, choices: 1, picks: [0], above: [] },
    ])
  })

  it('are cut to the nodes that come first, and to levels', () => {
    expect(staticTree(paths, 4, 3).parents).toEqual([-1, -1, 1, 0])
    expect(staticTree(paths, 7, 1).parents).toEqual([-1, -1, -1])
    expect(staticTree(paths, 3, 2).levels.map(({ expand }) => expand)).toEqual([1, 0])
  })

  it('takes more choices than it needs up to a power of two, where so many may be taken', () => {
    const wide: RankPaths = [[0], [1], [2], [0, 0], [1, 4], [1, 0]]
    const choices = (limit?: number) => staticTree(wide, 6, 2, limit).levels.map((level) => level.choices)
    expect(choices()).toEqual([3, 5])
    expect(choices(32)).toEqual([4, 8])
    expect(choices(6)).toEqual([4, 6])
    expect(choices(2)).toEqual([3, 5])
    expect(staticTree(wide, 6, 2, 32).levels[1]?.picks).toEqual([0, 12, 8])
  })

  it('reach every rank of every path by picks and rows', () => {
    const all = parentsFirst([[4], [4, 1, 0], [0, 3, 2, 1], [0, 3, 2, 0], [0, 1], [2, 2]], 'test')
    const { parents, levels } = staticTree(all, 255, 32)
    const found: (readonly number[])[] = []
    let rows: (readonly number[])[] = [[]]
    for (const { picks, choices, expand, first } of levels) {
      picks.forEach((pick, i) => {
        const above = rows[Math.floor(pick / choices)] as readonly number[]
        expect(parents[first + i]).toBe(found.findIndex((path) => path.join() === above.join()))
        found.push([...above, pick % choices])
      })
      rows = found.slice(first, first + expand)
    }
    expect(new Set(found.map(String))).toEqual(new Set(all.map(String)))
  })
})

it('trees over heads keep the order of their paths, and ask each head for the same number of choices', () => {
  expect(headTree([[0], [0, 0], [2], [0, 0, 1]], 4, 3)).toEqual({
    parents: [-1, 0, -1, 1],
    heads: 3,
    choices: 3,
    order: [0, 3, 2, 7],
  })
  expect(headTree([[0], [0, 0], [2]], 4, 1)).toEqual({ parents: [-1, -1], heads: 1, choices: 3, order: [0, 2] })
  // Up to a power of two, where so many may be given.
  expect(headTree([[0], [2]], 2, 1, 32)).toEqual({ parents: [-1, -1], heads: 1, choices: 4, order: [0, 2] })
})
