import { describe, expect, test } from 'vitest'
import { type AcceptanceByRank, likeliestPaths } from './likely-paths'
import type { RankPaths } from './rank-paths'

/** Numbers of [0, 1) from a counter. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Acceptances that fall with the rank and sum to at most 1 a level. */
function acceptances(seed: number, levels: number, ranks: number): AcceptanceByRank {
  const random = randomNumbers(seed)
  return Array.from({ length: levels }, () => {
    const shares = Array.from({ length: ranks + 1 }, random)
    const sum = shares.reduce((a, b) => a + b)
    return shares
      .slice(1)
      .map((share) => share / sum)
      .sort((a, b) => b - a)
  })
}

function worthOf(acceptance: AcceptanceByRank, paths: RankPaths): number {
  const product = (path: readonly number[]) =>
    path.reduce((all, rank, level) => all * (acceptance[level]?.[rank] ?? 0), 1)
  return paths.reduce((sum, path) => sum + product(path), 0)
}

/** Every tree of `nodes` nodes, whatever ranks it leaves out. */
function trees(nodes: number, depth: number, ranks: number): readonly RankPaths[] {
  const grown = (tree: RankPaths): readonly RankPaths[] => {
    const last = tree.at(-1)?.join() ?? ''
    const names = new Set(tree.map(String))
    return [[], ...tree]
      .filter(({ length }) => length < depth)
      .flatMap((path) => Array.from({ length: ranks }, (_, rank) => [...path, rank]))
      .filter((path) => !names.has(path.join()) && order(path.join(), last) > 0)
      .map((path) => [...tree, path])
  }
  // In one order of nodes only, parents first, so that every tree comes once.
  const order = (a: string, b: string) => a.length - b.length || (a < b ? -1 : 1)
  let all: readonly RankPaths[] = [[]]
  for (let count = 0; count < nodes; count++) all = all.flatMap(grown)
  return all
}

/**
 * Sequoia's recursion in plain loops, by level: the most that `nodes` nodes below one at `level` are worth that are its children of
 * rank `rank` and later ones, and what is below them.
 */
function sequoia(acceptance: AcceptanceByRank, nodes: number, depth: number): number {
  const known = new Map<string, number>()
  const most = (level: number, left: number, rank: number): number => {
    const own = acceptance[level]?.[rank]
    if (left === 0 || level === depth || own === undefined) return 0
    const key = `${level} ${left} ${rank}`
    const before = known.get(key)
    if (before !== undefined) return before
    let best = most(level, left, rank + 1)
    for (let below = 1; below <= left; below++)
      best = Math.max(best, own * (1 + most(level + 1, below - 1, 0)) + most(level, left - below, rank + 1))
    known.set(key, best)
    return best
  }
  return most(0, nodes, 0)
}

describe('the likeliest nodes', () => {
  test.each([1, 2, 3, 4, 5, 6])('of acceptances %d are worth as much as the best of all trees', (seed) => {
    const acceptance = acceptances(seed, 3, 3)
    for (let nodes = 1; nodes <= 6; nodes++)
      for (let depth = 1; depth <= 3; depth++) {
        const found = likeliestPaths(acceptance, { nodes, depth })
        const best = Math.max(
          ...trees(Math.min(nodes, found.paths.length), depth, 3).map((tree) => worthOf(acceptance, tree)),
        )
        expect(worthOf(acceptance, found.paths)).toBeCloseTo(best, 12)
      }
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('of acceptances %d are worth what the dynamic programme finds', (seed) => {
    const acceptance = acceptances(seed, 6, 5)
    for (const nodes of [1, 2, 5, 13, 31, 40])
      for (const depth of [1, 2, 4, 6])
        expect(likeliestPaths(acceptance, { nodes, depth }).worth.reduce((a, b) => a + b, 0)).toBeCloseTo(
          sequoia(acceptance, nodes, depth),
          10,
        )
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'of acceptances %d make trees that hold one another, parents and better ranks first',
    (seed) => {
      const acceptance = acceptances(seed, 5, 4)
      const { paths, worth } = likeliestPaths(acceptance, { nodes: 63 })
      expect(paths).toHaveLength(63)
      expect(worth).toEqual(worth.toSorted((a, b) => b - a))
      const seen = new Set([''])
      for (const path of paths) {
        const [start, rank] = [path.slice(0, -1), path.at(-1) as number]
        expect(seen.has(start.join())).toBe(true)
        if (rank > 0) expect(seen.has([...start, rank - 1].join())).toBe(true)
        seen.add(path.join())
      }
      for (const nodes of [1, 7, 30]) expect(likeliestPaths(acceptance, { nodes }).paths).toEqual(paths.slice(0, nodes))
      expect(worthOf(acceptance, paths)).toBeCloseTo(
        worth.reduce((a, b) => a + b, 0),
        12,
      )
      // Expected tokens cannot be more than the levels.
      expect(1 + worth.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(6)
    },
  )
})

describe('limits', () => {
  const even: AcceptanceByRank = Array.from({ length: 4 }, () => [0.3, 0.3, 0.3])

  test('no more nodes, levels and nodes with children than allowed', () => {
    expect(likeliestPaths(even, { nodes: 100, depth: 2 }).paths).toHaveLength(12)
    const { paths } = likeliestPaths(even, { nodes: 100, expand: 2 })
    expect(paths).toHaveLength(3 + 6 + 6 + 6)
    for (const level of [2, 3, 4])
      expect(new Set(paths.filter(({ length }) => length === level).map((path) => path.slice(0, -1).join())).size).toBe(
        2,
      )
  })

  test('one node with children a level makes a chain with leaves', () => {
    const { paths } = likeliestPaths(
      [
        [0.5, 0.4],
        [0.5, 0.4],
        [0.5, 0.4],
      ],
      { nodes: 6, expand: 1 },
    )
    expect(paths).toEqual([[0], [1], [0, 0], [0, 1], [0, 0, 0], [0, 0, 1]])
  })

  test('what is never accepted is never drafted', () => {
    expect(
      likeliestPaths(
        [
          [0.5, 0],
          [0, 0],
        ],
        { nodes: 9 },
      ),
    ).toEqual({ paths: [[0]], worth: [0.5] })
    expect(likeliestPaths([], { nodes: 9 })).toEqual({ paths: [], worth: [] })
  })
})
