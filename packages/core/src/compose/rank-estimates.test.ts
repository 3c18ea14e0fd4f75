import { describe, expect, test } from 'vitest'
import { RankEstimates } from './rank-estimates'

/** Two levels: three nodes, and two below the first and one below the second. */
const parents = [-1, -1, -1, 0, 0, 1]

/** Numbers of [0, 1) from a counter. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

describe('acceptance by level and rank', () => {
  test('comes near what outcomes have, level by level', () => {
    const shares = [
      [0.5, 0.2, 0.1],
      [0.3, 0.25],
    ]
    const random = randomNumbers(5)
    const estimates = new RankEstimates()
    for (let round = 0; round < 2000; round++) {
      const path: number[] = []
      for (let level = 0; level < 2; level++) {
        const above = path.at(-1) ?? -1
        const children = parents.flatMap((parent, node) => (parent === above ? [node] : []))
        let draw = random()
        const kept = children.findIndex((_, rank) => {
          draw -= shares[level]?.[rank] as number
          return draw < 0
        })
        if (kept < 0) break
        path.push(children[kept] as number)
      }
      estimates.observe(parents, path)
    }
    const found = estimates.acceptance(2, 3)
    for (const [d, level] of shares.entries())
      for (const [rank, share] of level.entries())
        expect(Math.abs((found[d]?.[rank] as number) - share)).toBeLessThan(0.1)
  })

  test('says nothing of nodes whose parent was refused', () => {
    const estimates = new RankEstimates()
    const before = estimates.acceptance(2, 2)
    for (let round = 0; round < 200; round++) estimates.observe([-1, 0], [])
    const [first, second] = estimates.acceptance(2, 2)
    expect(first?.[0]).toBeLessThan(0.05)
    // Nothing but what is known of the level above.
    expect(second?.[0]).toBe(first?.[0])
    expect(before[1]?.[0]).toBe(before[0]?.[0])
  })

  test('is assumed to fall off with the rank until it was seen', () => {
    const [level] = new RankEstimates().acceptance(1, 4)
    expect(level).toEqual([0.7, expect.closeTo(0.105, 9), expect.closeTo(0.06825, 9), expect.closeTo(0.0443625, 9)])
    const estimates = new RankEstimates()
    for (let round = 0; round < 500; round++) estimates.observe([-1], round % 5 === 0 ? [0] : [])
    const [seen] = estimates.acceptance(1, 2)
    // A first choice that is seldom right leaves much to the second.
    expect(seen?.[0]).toBeCloseTo(0.2, 1)
    expect(seen?.[1]).toBeGreaterThan(0.19)
  })

  test('of a worse choice that is right more often is shared with the better one', () => {
    const estimates = new RankEstimates()
    for (let round = 0; round < 300; round++) estimates.observe([-1, -1], [1])
    const [level] = estimates.acceptance(1, 3)
    expect(level?.[0]).toBe(level?.[1])
    expect(level?.[0]).toBeGreaterThan(0.45)
    expect(level?.[2]).toBeLessThan(0.1)
  })

  test.each([1, 2, 3, 4])('does not grow with the rank, and is at most 1 in sum, whatever is seen (%d)', (seed) => {
    const random = randomNumbers(seed)
    const estimates = new RankEstimates()
    for (let round = 0; round < 60; round++) {
      const path = random() < 0.8 ? [Math.floor(random() * 3)] : []
      const below = path.length === 0 ? [] : parents.flatMap((parent, node) => (parent === path[0] ? [node] : []))
      estimates.observe(parents, below.length > 0 && random() < 0.9 ? [...path, below.at(-1) as number] : path)
      for (const level of estimates.acceptance(4, 6)) {
        expect(level).toEqual(level.toSorted((a, b) => b - a))
        expect(level.every((share) => share >= 0)).toBe(true)
        expect(level.reduce((a, b) => a + b)).toBeLessThanOrEqual(1 + 1e-12)
      }
    }
  })

  test('follows a text that changes', () => {
    const estimates = new RankEstimates()
    for (let round = 0; round < 1000; round++) estimates.observe([-1, -1], [0])
    for (let round = 0; round < 300; round++) estimates.observe([-1, -1], [])
    expect(estimates.acceptance(1, 2)[0]?.[0]).toBeLessThan(0.25)
  })
})
