import { describe, expect, test } from 'vitest'
import { ClockedCost } from './adaptive-clock'
import { verifyCost } from './adaptive-cost'

const curve = { rows: [1, 2, 4, 8, 16], ms: [4, 4.2, 4.4, 5, 6] }
const chain = (nodes: number) => ({ nodes, chain: true })

/** A clock that has seen rounds of `size` nodes take what the curve says and `besides`, after one that compiled. */
function timed(...seen: readonly (readonly [size: number, ...besides: number[]])[]): ClockedCost {
  const cost = new ClockedCost(curve)
  for (const [size, ...besides] of seen)
    for (const ms of [500, ...besides]) cost.took(size, size, verifyCost(curve, size) + ms)
  return cost
}

test('a pass costs what its bucket costs, and beyond the curve by the row', () => {
  expect([0, 1, 2, 3, 4, 7, 8, 15].map((nodes) => verifyCost(curve, nodes))).toEqual([4, 4.2, 4.4, 4.4, 5, 5, 6, 6])
  expect(verifyCost(curve, 31)).toBe(12)
})

describe('what rounds take beyond the curve', () => {
  test('is nothing before it was seen twice; the first round with as many nodes compiles', () => {
    const cost = timed([5, 2])
    expect(cost.knows(5)).toBe(false)
    expect(cost.besides(5, chain(5))).toBe(0)
    cost.took(5, 5, verifyCost(curve, 5) + 2)
    expect(cost.knows(5)).toBe(true)
    expect(cost.besides(5, chain(5))).toBeCloseTo(2, 9)
  })

  test('is the mean of the faster half of the last rounds, each with the one before it', () => {
    // Means: 2, 2.1, 46.1, 46, 2.1, 2.1.
    expect(timed([5, 2, 2.2, 90, 2, 2.2, 2]).besides(5, chain(5))).toBeCloseTo(6.2 / 3, 9)
    const changed = timed([5, ...new Array<number>(20).fill(9), ...new Array<number>(8).fill(3)])
    expect(changed.besides(5, chain(5))).toBeCloseTo(3, 9)
  })

  test('is that of both where two rounds come at once', () => {
    const late = [7, -3, 7, -3, 7, -3, 7, -3, 7]
    expect(timed([5, ...late]).besides(5, chain(5))).toBeCloseTo(2, 9)
  })

  test('lies between its neighbours for a size that was not timed, and grows with the nodes beyond the last', () => {
    const cost = timed([3, 1, 1], [7, 2, 2])
    expect(cost.besides(1, chain(1))).toBeCloseTo(1 / 3, 9)
    expect(cost.besides(5, chain(5))).toBeCloseTo(1.5, 9)
    expect(cost.besides(14, chain(14))).toBeCloseTo(4, 9)
    expect(cost.besides(0, chain(0))).toBe(0)
  })

  test('is told from what plain rounds take, too', () => {
    const cost = timed([0, 1, 1], [4, 3, 3])
    expect(cost.besides(0, chain(0))).toBeCloseTo(1, 9)
    expect(cost.besides(2, chain(2))).toBeCloseTo(2, 9)
  })

  test('is negative for plain rounds, too, where drafting ones are faster than the curve', () => {
    const cost = timed([3, -2.2, -2.2])
    expect(cost.besides(0, chain(0))).toBeCloseTo(-2, 9)
    expect(cost.besides(3, chain(3))).toBeCloseTo(-2.2, 9)
  })

  test('is forgotten after a while without a round of that size', () => {
    const cost = timed([5, 60, 60])
    for (let round = 0; round < 300; round++) cost.took(0, 0, 4)
    expect(cost.knows(5)).toBe(false)
    expect(cost.besides(5, chain(5))).toBe(0)
    expect(cost.knows(0)).toBe(true)
  })
})
