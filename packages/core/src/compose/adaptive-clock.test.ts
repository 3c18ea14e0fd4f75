import { describe, expect, test } from 'vitest'
import { ClockedCost, nothingTimed } from './adaptive-clock'
import { verifyCost } from './adaptive-cost'

const curve = { rows: [1, 2, 4, 8, 16], ms: [4, 4.2, 4.4, 5, 6] }
const shape = (work: number) => ({ nodes: work, chain: true })

/** Rounds of drafts of `nodes` nodes that take what the curve says and `besides`, `slower` times, after one that compiles. */
function run(cost: ClockedCost, nodes: number, besides: readonly number[], slower = 1): void {
  for (const ms of [500, ...besides]) cost.took(nodes, nodes, slower * (verifyCost(curve, nodes) + ms))
}

const same = (ms: number, rounds: number) => new Array<number>(rounds).fill(ms)

test('a pass costs what its bucket costs, and beyond the curve by the row', () => {
  expect([0, 1, 2, 3, 4, 7, 8, 15].map((nodes) => verifyCost(curve, nodes))).toEqual([4, 4.2, 4.4, 4.4, 5, 5, 6, 6])
  expect(verifyCost(curve, 31)).toBe(12)
})

describe('what rounds take beyond the curve', () => {
  test('is a tenth of a pass for each level before anything was timed, and nothing for none', () => {
    const cost = new ClockedCost(curve)
    expect(cost.besides(0, shape(0))).toBe(0)
    expect(cost.besides(5, shape(5))).toBeCloseTo(5 * 0.4, 9)
    expect(cost.knows(5)).toBe(false)
  })

  test('is known after two pairs of rounds that compile nothing', () => {
    const cost = new ClockedCost(curve)
    run(cost, 5, [9, 9])
    expect(cost.knows(5)).toBe(false)
    cost.took(5, 5, verifyCost(curve, 5) + 9)
    expect(cost.knows(5)).toBe(true)
  })

  test('is the mean of those rounds in the end, however two in turn share their time', () => {
    const [even, late] = [new ClockedCost(curve), new ClockedCost(curve)]
    run(even, 5, same(3, 400))
    run(
      late,
      5,
      same(0, 400).map((_, i) => (i % 2 === 0 ? 8 : -2)),
    )
    expect(even.besides(5, shape(5))).toBeCloseTo(3, 1)
    expect(late.besides(5, shape(5))).toBeCloseTo(3, 1)
  })

  test('lies on the line from plain rounds through those that were timed where a kind was not', () => {
    const cost = new ClockedCost(curve)
    run(cost, 0, same(1, 40))
    run(cost, 4, same(3, 200))
    expect(cost.besides(0, shape(0))).toBeCloseTo(1, 6)
    // What is assumed of a level counts a little for good.
    expect(cost.besides(2, shape(2))).toBeGreaterThan(1.9)
    expect(cost.besides(2, shape(2))).toBeLessThan(2.05)
    expect(cost.besides(8, shape(8))).toBeGreaterThan(4.6)
    expect(cost.besides(8, shape(8))).toBeLessThan(5.1)
  })

  test('is negative for plain rounds, too, where drafting ones are faster than the curve', () => {
    const cost = new ClockedCost(curve)
    run(cost, 3, same(-2.2, 100))
    expect(cost.besides(0, shape(0))).toBeCloseTo(-2, 1)
  })

  test('is drawn to that line again while a kind has no rounds, and unknown after long', () => {
    const cost = new ClockedCost(curve)
    run(cost, 0, same(0, 20))
    run(cost, 4, same(1, 60))
    run(cost, 5, same(40, 4))
    const [before, line] = [cost.besides(5, shape(5)), cost.besides(6, shape(5))]
    expect(before).toBeGreaterThan(line)
    run(cost, 0, same(0, 600))
    expect(cost.knows(0)).toBe(true)
    expect(cost.knows(5)).toBe(false)
    expect(cost.besides(5, shape(5)) - line).toBeLessThan((before - line) / 4)
    run(cost, 0, same(0, 600))
    expect(cost.besides(5, shape(5))).toBe(cost.besides(6, shape(5)))
  })
})

describe('what slows all rounds', () => {
  test('is not taken for what a kind takes that is timed meanwhile', () => {
    const [calm, busy] = [1, 2.5].map((slower) => {
      const cost = new ClockedCost(curve)
      run(cost, 0, same(1, 60))
      run(cost, 3, same(2, 60))
      // It begins before and goes on after.
      run(cost, 0, same(1, 30), slower)
      run(cost, 7, same(4, 30), slower)
      return cost.verify(7) + cost.besides(7, shape(7))
    }) as [number, number]
    expect(busy / calm).toBeGreaterThan(0.85)
    expect(busy / calm).toBeLessThan(1.15)
  })

  test('once, counts little', () => {
    const cost = new ClockedCost(curve)
    run(cost, 4, same(3, 60))
    const before = cost.besides(4, shape(4))
    for (const ms of [90, 3, 3]) cost.took(4, 4, verifyCost(curve, 4) + ms)
    expect(cost.besides(4, shape(4))).toBeLessThan(1.5 * before)
  })
})

test('what one session times is known to the others, and what a round records is left out in each', () => {
  const times = nothingTimed(curve)
  run(new ClockedCost(curve, times), 4, same(3, 60))
  const cost = new ClockedCost(curve, times)
  const before = cost.besides(4, shape(4))
  expect(cost.knows(4)).toBe(true)
  run(cost, 4, [3, 3])
  expect(cost.besides(4, shape(4))).toBeCloseTo(before, 2)
})

test('trees are told apart by what they are, not by how many nodes they have', () => {
  const cost = new ClockedCost(curve)
  const [one, other] = [{}, {}]
  for (const ms of [900, 8, 8, 8]) cost.took(2, 7, ms, 2, one)
  for (const ms of [700, 8, 8, 8]) cost.took(2, 7, ms, 2, other)
  expect(cost.besides(2, shape(2))).toBeLessThan(3.2)
})
