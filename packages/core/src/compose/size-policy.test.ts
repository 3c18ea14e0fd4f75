import { describe, expect, test } from 'vitest'
import type { CostCurve } from '../spec'
import { ClockedCost } from './adaptive-clock'
import { PinnedCost, verifyCost } from './adaptive-cost'
import { SizePolicy } from './size-policy'

const rows = [1, 2, 4, 8, 16, 32, 64]
const curves: Readonly<Record<string, CostCurve>> = {
  flat: { rows, ms: [1, 1, 1, 1, 1.05, 1.1, 1.2] },
  mild: { rows, ms: [2, 2.05, 2.1, 2.3, 2.6, 3.2, 4] },
  steep: { rows, ms: [1, 1.6, 2.6, 4.5, 8, 15, 29] },
  linear: { rows, ms: rows },
}

/** Numbers of [0, 1) from a counter. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** A part that drafts chains of at most `most` nodes, each accepted with probability `acceptance` if those before it are. */
function chainOutcome(random: () => number, acceptance: number, most: number) {
  return (asked: number) => {
    const given = Math.min(asked, most)
    let accepted = 0
    while (accepted < given && random() < acceptance) accepted++
    return { asked, given, path: Array.from({ length: accepted }, (_, node) => node), chain: true }
  }
}

interface Run {
  readonly policy: SizePolicy
  readonly sizes: number[]
  readonly tokens: number
  readonly time: number
}

function rounds(
  policy: SizePolicy,
  count: number,
  outcome: (asked: number) => Parameters<SizePolicy['observe']>[0],
  time: (nodes: number) => number,
): Run {
  const run = { policy, sizes: [] as number[], tokens: 0, time: 0 }
  for (let round = 0; round < count; round++) {
    const result = outcome(policy.decide())
    policy.observe(result)
    run.sizes.push(result.given)
    run.tokens += result.path.length + 1
    run.time += time(result.given)
  }
  return run
}

/** Tokens for the time of chains of `nodes`: E[τ] = (1 − α^(k+1)) / (1 − α) over k·c + v(k + 1). */
function speed(acceptance: number, nodes: number, time: (nodes: number) => number): number {
  return (1 - acceptance ** (nodes + 1)) / (1 - acceptance) / time(nodes)
}

describe.each(Object.entries(curves))('on a %s curve', (_, curve) => {
  describe.each([0, 0.1, 0.3])('drafting at %d of a pass a node', (draftCost) => {
    const time = (nodes: number) => verifyCost(curve, nodes) + nodes * draftCost * (curve.ms[0] as number)

    test.each([0.95, 0.9, 0.7, 0.5, 0.1])('acceptance %d: near the best that the formula knows', (acceptance) => {
      const most = 20
      const best = Math.max(...Array.from({ length: most + 1 }, (_, nodes) => speed(acceptance, nodes, time)))
      let [tokens, spent] = [0, 0]
      for (const seed of [1, 2, 3]) {
        const policy = new SizePolicy(new PinnedCost(curve, draftCost), 63)
        const outcome = chainOutcome(randomNumbers(seed), acceptance, most)
        rounds(policy, 60, outcome, time)
        const settled = rounds(policy, 400, outcome, time)
        tokens += settled.tokens
        spent += settled.time
      }
      expect(tokens / spent / best).toBeGreaterThan(0.93)
    })
  })
})

describe('not to speculate', () => {
  test('where nothing pays, but for tries that become rarer', () => {
    const curve = curves.steep as CostCurve
    const policy = new SizePolicy(new PinnedCost(curve, 0.1), 63)
    const outcome = chainOutcome(randomNumbers(7), 0.1, 8)
    const { sizes } = rounds(policy, 1000, outcome, () => 1)
    const drafted = sizes.flatMap((size, round) => (size > 0 ? [round] : []))
    expect(sizes.slice(-500).filter((size) => size > 0).length).toBeLessThan(12)
    expect(drafted.length).toBeLessThan(40)
    expect(policy.chosen).toMatchObject({ size: 0, tokens: 1, cost: 1 })
    expect(policy.best.tokens).toBeLessThan(policy.best.cost)
  })

  test('where even right drafts cost what they bring: not one try', () => {
    const policy = new SizePolicy(new PinnedCost(curves.linear as CostCurve, 0), 63)
    const { sizes } = rounds(policy, 500, chainOutcome(randomNumbers(7), 1, 8), () => 1)
    expect(sizes.every((size) => size === 0)).toBe(true)
    expect(policy.probes).toBe(0)
  })

  test('comes back when acceptance does, and goes when it goes', () => {
    const random = randomNumbers(3)
    const policy = new SizePolicy(new PinnedCost(curves.mild as CostCurve, 0.2), 63)
    const [bad, good] = [chainOutcome(random, 0.02, 8), chainOutcome(random, 0.9, 8)]
    rounds(policy, 400, bad, () => 1)
    expect(policy.chosen?.size).toBe(0)
    const back = rounds(policy, 300, good, () => 1)
    expect(back.sizes.slice(-30).every((size) => size >= 4)).toBe(true)
    rounds(policy, 100, bad, () => 1)
    expect(policy.chosen?.size).toBe(0)
  })
})

describe('sizes', () => {
  test('stay within what the engine allows, and are whole numbers', () => {
    for (const most of [1, 2, 6, 9, 63, 255]) {
      const policy = new SizePolicy(new PinnedCost(curves.flat as CostCurve, 0), most)
      for (const size of rounds(policy, 200, chainOutcome(randomNumbers(most), 0.9, 300), () => 1).sizes) {
        expect(size).toBeLessThanOrEqual(most)
        expect(Number.isInteger(size)).toBe(true)
      }
    }
  })

  test('do not flap between sizes that are as good', () => {
    const policy = new SizePolicy(new PinnedCost(curves.mild as CostCurve, 0.1), 63)
    const { sizes } = rounds(policy, 600, chainOutcome(randomNumbers(5), 0.8, 30), () => 1)
    const changes = sizes.slice(100).filter((size, i) => i > 0 && size !== sizes[99 + i]).length
    expect(changes).toBeLessThan(60)
  })

  test('grow again with a part that once had little to say', () => {
    const policy = new SizePolicy(new PinnedCost(curves.flat as CostCurve, 0.01), 63)
    const random = randomNumbers(11)
    rounds(policy, 5, chainOutcome(random, 1, 2), () => 1)
    const { sizes } = rounds(policy, 60, chainOutcome(random, 1, 20), () => 1)
    expect(sizes.at(-1)).toBe(20)
  })

  test('are asked for as a whole where a tree gives nothing smaller, and not where the whole costs too much', () => {
    // Levels of 3, 6 and 6 nodes; the first of each is accepted in half of the rounds that came so far.
    const levels = [3, 9, 15]
    const random = randomNumbers(9)
    const outcome = (asked: number) => {
      const given = levels.findLast((nodes) => nodes <= asked) ?? 0
      const path: number[] = []
      for (const first of [0, 3, 9])
        if (first < given && path.length === levels.indexOf(first) + 1 && random() < 0.7) path.push(first)
      return { asked, given, path, chain: false }
    }
    const flat = new SizePolicy(new PinnedCost(curves.flat as CostCurve, 0), 63)
    expect(
      rounds(flat, 200, outcome, () => 1)
        .sizes.slice(-20)
        .filter((size) => size === 15).length,
    ).toBeGreaterThan(15)
    const steep = new SizePolicy(new PinnedCost(curves.steep as CostCurve, 0), 63)
    expect(
      rounds(steep, 200, outcome, () => 1)
        .sizes.slice(-50)
        .filter((size) => size > 0).length,
    ).toBeLessThan(10)
  })

  test('a part that is silent most of the time is judged by what it says', () => {
    const silentBut = (acceptance: number, seed: number) => {
      const random = randomNumbers(seed)
      const outcome = chainOutcome(random, acceptance, 10)
      return (asked: number) => (random() < 0.8 ? { asked, given: 0, path: [], chain: true } : outcome(asked))
    }
    const right = new SizePolicy(new PinnedCost(curves.mild as CostCurve, 0), 63)
    rounds(right, 400, silentBut(0.9, 1), () => 1)
    expect(right.chosen?.size).toBeGreaterThan(4)
    const wrong = new SizePolicy(new PinnedCost(curves.steep as CostCurve, 0), 63)
    rounds(wrong, 400, silentBut(0.2, 1), () => 1)
    expect(wrong.chosen?.size).toBe(0)
  })
})

describe('the clock', () => {
  /** Rounds as a device takes them: what a pass and drafting cost, and sometimes `busy` times as much. */
  function clocked(acceptance: number, draftMs: number, busy: (round: number) => number) {
    const curve = curves.mild as CostCurve
    const cost = new ClockedCost(curve)
    const policy = new SizePolicy(cost, 63)
    const outcome = chainOutcome(randomNumbers(4), acceptance, 8)
    const sizes: number[] = []
    for (let round = 0; round < 600; round++) {
      const size = policy.decide()
      const result = outcome(size)
      const ms = (verifyCost(curve, result.given) + result.given * draftMs) * busy(round)
      cost.took(result.given === 0 ? 0 : size, result.given, ms)
      policy.observe(result)
      sizes.push(result.given)
    }
    return { policy, sizes }
  }

  test('plain rounds are timed among drafting ones, few of them', () => {
    const { policy, sizes } = clocked(0.9, 0.1, () => 1)
    const plain = sizes.filter((size) => size === 0).length
    expect(plain).toBeGreaterThan(2)
    expect(plain).toBeLessThan(20)
    expect(policy.chosen?.nodes).toBeGreaterThanOrEqual(7)
  })

  test.each([40, 200])(
    'plain rounds that something else slowed down until round %i are not taken for it for long',
    (until) => {
      // Acceptance 0.3 brings 1.43 tokens at most, for more than that.
      const { policy, sizes } = clocked(0.3, 2, (round) => (round < until ? (round % 3 === 0 ? 6 : 5) : 1))
      expect(policy.chosen?.size).toBe(0)
      expect(sizes.slice(-200).filter((size) => size > 0).length).toBeLessThan(20)
    },
  )

  test('no size is thought cheaper than a plain round', () => {
    const cost = new ClockedCost(curves.mild as CostCurve)
    const policy = new SizePolicy(cost, 63)
    for (const _ of [1, 2, 3, 4]) cost.took(0, 0, 50)
    const outcome = chainOutcome(randomNumbers(4), 0.9, 4)
    for (let round = 0; round < 12; round++) {
      const size = policy.decide()
      const result = outcome(size)
      cost.took(size, result.given, 3)
      policy.observe(result)
    }
    expect(policy.best.cost).toBeGreaterThanOrEqual(1)
  })
})

test('the same outcomes give the same sizes, whatever happened to rounds that failed', () => {
  const make = () => new SizePolicy(new PinnedCost(curves.mild as CostCurve, 0.1), 63)
  const [once, twice] = [make(), make()]
  const outcome = chainOutcome(randomNumbers(2), 0.6, 12)
  for (let round = 0; round < 300; round++) {
    const size = once.decide()
    twice.decide()
    expect(twice.decide()).toBe(size)
    const result = outcome(size)
    once.observe(result)
    twice.observe(result)
  }
})
