import { describe, expect, test } from 'vitest'
import { randomNumbers } from '../../core/test/support/strategies'
import { grownCandidates, ROOT } from '../src/grown-candidates'

/** The ranks of a path's word. */
function ranks(word: number): readonly number[] {
  return Array.from({ length: word & 7 }, (_, level) => (word >>> (3 + 5 * level)) & 31)
}

/** All paths, level by level, each level's in order. */
function allPaths(depth: number, topK: number): readonly (readonly number[])[] {
  let level: readonly (readonly number[])[] = [[]]
  const all: (readonly number[])[] = []
  for (let i = 0; i < depth; i++) {
    level = level.flatMap((path) => Array.from({ length: topK }, (_, rank) => [...path, rank]))
    all.push(...level)
  }
  return all
}

/** By level and rank log-probabilities that fall by rank, many of them equal. */
function falling(depth: number, topK: number, seed: number): readonly (readonly number[])[] {
  const random = randomNumbers(seed)
  const step = () => random(4) / 4
  return Array.from({ length: depth }, () => {
    let value = -step()
    return Array.from({ length: topK }, () => {
      value -= step()
      return value
    })
  })
}

describe.each([
  { nodes: 1, depth: 3, topK: 4 },
  { nodes: 7, depth: 3, topK: 6 },
  { nodes: 15, depth: 4, topK: 5 },
  { nodes: 40, depth: 2, topK: 12 },
  { nodes: 63, depth: 5, topK: 3 },
])('$nodes nodes of $depth heads with $topK choices', (growth) => {
  const { nodes, depth, topK } = growth
  const { paths, parents, levels, choices } = grownCandidates(growth)

  test('candidates come after their parents, in the order of all paths', () => {
    const words = paths.map((word) => ranks(word).join())
    expect(words).toEqual(
      allPaths(depth, topK)
        .map((path) => path.join())
        .filter((path) => words.includes(path)),
    )
    paths.forEach((word, i) => {
      const above = ranks(word).slice(0, -1)
      if (above.length === 0) expect(parents[i]).toBe(ROOT)
      else {
        expect(parents[i]).toBeLessThan(i)
        expect(ranks(paths[parents[i] as number] as number)).toEqual(above)
      }
    })
    expect(levels).toBe(Math.max(...paths.map((word) => ranks(word).length)))
    expect(choices).toBe(Math.max(...paths.flatMap(ranks)) + 1)
  })

  test('the best of all paths are among them, whatever the heads say', () => {
    const words = new Set(paths.map((word) => ranks(word).join()))
    const all = allPaths(depth, topK)
    for (let seed = 1; seed <= 50; seed++) {
      const logProbs = falling(depth, topK, seed)
      const score = (path: readonly number[]) =>
        path.reduce((sum, rank, level) => sum + (logProbs[level]?.[rank] as number), 0)
      // A stable sort: among equals the first.
      const best = [...all].sort((a, b) => score(b) - score(a)).slice(0, nodes)
      for (const path of best) expect(words.has(path.join()), `seed ${seed}: ${path}`).toBe(true)
    }
  })
})

test('what is outdone by as many as are kept is no candidate', () => {
  expect(grownCandidates({ nodes: 3, depth: 4, topK: 16 }).paths.map(ranks)).toEqual([
    [0],
    [1],
    [2],
    [0, 0],
    [0, 1],
    [0, 0, 0],
  ])
})
