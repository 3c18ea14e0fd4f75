import { describe, expect, test } from 'vitest'
import type { CostCurve, ShapeLimits } from '../spec'
import { depths, likeliestPaths, type RankPaths } from '../tree'
import { PinnedCost, verifyCost } from './adaptive-cost'
import { nothingKnown, ShapeEstimates } from './shape-estimates'
import { SizePolicy } from './size-policy'

const rows = [1, 2, 4, 8, 16, 32, 64]
const curves: Readonly<Record<string, CostCurve>> = {
  flat: { rows, ms: [1, 1, 1, 1, 1.05, 1.1, 1.2] },
  mild: { rows, ms: [2, 2.05, 2.1, 2.3, 2.6, 3.2, 4] },
  steep: { rows, ms: [1, 1.6, 2.6, 4.5, 8, 15, 29] },
}
const limits: ShapeLimits = { levels: 6, choices: 32 }

/** Numbers of [0, 1) from a counter. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Nodes by their paths, level by level, as a drafter lays them. */
function parentsOf(paths: RankPaths): readonly number[] {
  const ordered = paths.toSorted((a, b) => a.length - b.length)
  const names = ordered.map(String)
  return ordered.map((path) => names.indexOf(String(path.slice(0, -1))))
}

/** A path down the tree: of a node's children that of rank k is kept with probability `shares[level][k]`. */
function keptOf(parents: readonly number[], shares: readonly (readonly number[])[], random: () => number) {
  const path: number[] = []
  for (;;) {
    const above = path.at(-1) ?? -1
    let draw = random()
    const kept = parents
      .flatMap((parent, node) => (parent === above ? [node] : []))
      .find((_, rank) => {
        draw -= shares[path.length]?.[rank] ?? 0
        return draw < 0
      })
    if (kept === undefined) return path
    path.push(kept)
  }
}

interface Run {
  readonly policy: SizePolicy
  readonly shapes: ShapeEstimates
  tokens: number
  time: number
  readonly trees: string[]
  readonly sizes: number[]
}

function rounds(
  run: Run,
  count: number,
  shares: readonly (readonly number[])[],
  random: () => number,
  time: (nodes: number, levels: number) => number,
): void {
  for (let round = 0; round < count; round++) {
    const size = run.policy.decide()
    const parents = size === 0 ? [] : parentsOf(run.shapes.tree(size).paths)
    const path = keptOf(parents, shares, random)
    run.policy.observe({ asked: size, given: parents.length, path, chain: false, parents })
    run.tokens += path.length + 1
    run.time += time(parents.length, Math.max(0, ...depths(parents)))
    run.trees.push(parents.join())
    run.sizes.push(parents.length)
  }
}

function starting(cost: PinnedCost, most = 63, own = limits): Run {
  const shapes = new ShapeEstimates(cost, most, own)
  return { policy: new SizePolicy(cost, most, shapes), shapes, tokens: 0, time: 0, trees: [], sizes: [] }
}

const accepted: Readonly<Record<string, readonly number[]>> = {
  'mostly the first choice': [0.85, 0.06, 0.02],
  'several choices': [0.45, 0.2, 0.12, 0.06, 0.04],
  'seldom any': [0.12, 0.06, 0.03],
}

describe.each(Object.entries(curves))('on a %s curve', (_, curve) => {
  describe.each([0, 0.15])('drafting at %d of a pass a level', (draftCost) => {
    test.each(Object.entries(accepted))('accepting %s: near the best tree that there is', (__, level) => {
      const shares = Array.from({ length: limits.levels }, () => level)
      const time = (nodes: number, levels: number) =>
        verifyCost(curve, nodes) + levels * draftCost * (curve.ms[0] as number)
      let best = 1 / time(0, 0)
      for (let depth = 1; depth <= limits.levels; depth++) {
        const { worth } = likeliestPaths(shares, { nodes: 63, depth })
        for (let nodes = 1; nodes <= worth.length; nodes++)
          best = Math.max(
            best,
            (1 + worth.slice(0, nodes).reduce((a, b) => a + b)) / time(nodes, Math.min(depth, nodes)),
          )
      }
      let [tokens, spent] = [0, 0]
      for (const seed of [1, 2, 3]) {
        const run = starting(new PinnedCost(curve, draftCost))
        const random = randomNumbers(seed)
        rounds(run, 100, shares, random, time)
        Object.assign(run, { tokens: 0, time: 0 })
        rounds(run, 500, shares, random, time)
        tokens += run.tokens
        spent += run.time
      }
      expect(tokens / spent / best).toBeGreaterThan(0.9)
    })
  })
})

test('wide where several choices are right, deep where the first is', () => {
  const cost = new PinnedCost(curves.flat as CostCurve, 0.1)
  const [wide, deep] = [starting(cost, 15), starting(cost, 15)]
  const several = Array.from({ length: 6 }, () => accepted['several choices'] as readonly number[])
  rounds(wide, 300, several, randomNumbers(1), () => 1)
  rounds(
    deep,
    300,
    Array.from({ length: 6 }, () => [0.93, 0.02]),
    randomNumbers(1),
    () => 1,
  )
  const children = ({ shapes }: Run) => shapes.planned(15).paths.filter(({ length }) => length === 1).length
  expect(children(wide)).toBeGreaterThanOrEqual(3)
  expect(children(deep)).toBeLessThan(children(wide))
  expect(deep.shapes.planned(15).levels).toBe(6)
  expect(deep.policy.chosen?.tokens).toBeGreaterThan(4)
})

test('does not speculate where nothing pays, and comes back', () => {
  const run = starting(new PinnedCost(curves.steep as CostCurve, 0.1))
  const random = randomNumbers(3)
  rounds(run, 600, [[0.05, 0.02]], random, () => 1)
  expect(run.policy.chosen).toMatchObject({ size: 0, cost: 1 })
  expect(run.sizes.slice(-300).filter((size) => size > 0).length).toBeLessThan(15)
  rounds(
    run,
    500,
    Array.from({ length: 6 }, () => [0.97]),
    random,
    () => 1,
  )
  expect(run.sizes.slice(-100).filter((size) => size > 0).length).toBeGreaterThan(80)
})

test('few trees are drafted in a long text: each leaves a program on the device', () => {
  const run = starting(new PinnedCost(curves.mild as CostCurve, 0.1))
  const random = randomNumbers(9)
  for (let part = 0; part < 20; part++) {
    const level = [0.2 + 0.07 * (part % 10), 0.1, 0.05]
    rounds(
      run,
      200,
      Array.from({ length: 6 }, () => level),
      random,
      () => 1,
    )
  }
  expect(new Set(run.trees).size).toBeLessThan(60)
  const steady = run.trees.slice(-100)
  expect(steady.filter((tree, i) => i > 0 && tree !== steady[i - 1]).length).toBeLessThan(20)
})

test('what is known is gone on with: trees too, whose drafting is not timed here yet', () => {
  const known = nothingKnown()
  const cost = new PinnedCost(curves.mild as CostCurve, 0.6)
  const shapes = new ShapeEstimates(cost, 15, limits, known)
  const shares = Array.from({ length: 6 }, () => [0.6, 0.3])
  const random = randomNumbers(2)
  for (let round = 0; round < 200; round++) {
    const parents = parentsOf(shapes.tree(15).paths)
    shapes.observe({ asked: 15, given: parents.length, path: keptOf(parents, shares, random), chain: false, parents })
  }
  const free = new PinnedCost(curves.mild as CostCurve, 0)
  const [next, alone] = [new ShapeEstimates(free, 15, limits, known), new ShapeEstimates(free, 15, limits)]
  expect(next.planned(15)).toBe(shapes.planned(15))
  expect(next.acceptance).toEqual(shapes.acceptance)
  expect(next.planned(15).levels).toBeLessThan(alone.planned(15).levels)
})

test('trees keep to what the part can draft', () => {
  const shapes = new ShapeEstimates(new PinnedCost(curves.flat as CostCurve, 0), 63, {
    levels: 3,
    choices: 2,
    expand: 1,
  })
  expect(shapes.planned(63).paths).toEqual([[0], [0, 0], [0, 0, 0], [1], [0, 1], [0, 0, 1]])
  expect(shapes.reach(63)).toBe(6)
  // Three levels of one row; trees of as many nodes and levels are timed together.
  expect(shapes.drafting(63).shape).toEqual({ nodes: 3, chain: true })
  expect(shapes.drafting(63)).toEqual(shapes.drafting(47))
  expect(shapes.drafting(5).key).not.toBe(shapes.drafting(63).key)
  for (const size of shapes.sizes) expect(shapes.reach(size)).toBeLessThanOrEqual(size)
})
