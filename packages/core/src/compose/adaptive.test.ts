import { afterEach, describe, expect, test, vi } from 'vitest'
import { engineOn, failure, tinyEngine } from '../../test/support/engines'
import { oracle, proposing, strategyOf } from '../../test/support/strategies'
import { writeTinyModel } from '../../test/support/tiny-model'
import type {
  AcceptanceRule,
  Budget,
  Committed,
  CostCurve,
  Draft,
  Follow,
  Proposer,
  Report,
  SessionView,
  Strategy,
} from '../spec'
import { chain } from '../tree'
import { adaptive } from './adaptive'
import { firstOf } from './first-of'

afterEach(() => {
  vi.restoreAllMocks()
})

const prompt = [5, 9, 11, 5, 9, 11, 5]
const count = 120
const rows = [1, 2, 4, 8, 16, 32, 64]
const flat: CostCurve = { rows, ms: [1, 1, 1, 1.1, 1.2, 1.4, 2] }
const steep: CostCurve = { rows, ms: [1, 1.7, 3, 6, 12, 24, 48] }

const target = await writeTinyModel({ seed: 3 })
const plain = await engineOn(target)
const text = [...prompt, ...(await plain.complete(prompt, { maxTokens: count, ignoreEos: true })).ids]

interface Asked {
  readonly budget: Budget
  readonly given: number
}

/** Chains of at most `most` nodes whose tokens are right with probability `right` each; `asked` keeps every call. */
function partlyRight(right: number, most: number, asked: Asked[] = []): Strategy {
  return proposing('partly right', ({ tokens }, budget) => {
    const next = text.slice(tokens.length, tokens.length + Math.min(most, budget.nodes, budget.depth))
    const drafted = next.map((token, i) => {
      const noise = Math.sin((tokens.length + i) * 12.9898) * 43758.5453
      return noise - Math.floor(noise) < right ? token : (token + 1) % 61
    })
    asked.push({ budget, given: drafted.length })
    return chain(drafted)
  })
}

/** The strategy as it loads where the device's curve is `curve`. */
function on(curve: CostCurve, strategy: Strategy, name = strategy.name): Strategy {
  return { ...strategy, name, load: (host) => strategy.load({ ...host, verifyCost: async () => curve }) }
}

async function run(strategy: Strategy, acceptance?: AcceptanceRule) {
  const engine = await engineOn(target, { strategies: [strategy] })
  const options = { strategy: strategy.name, maxTokens: count, ignoreEos: true, ...(acceptance && { acceptance }) }
  const { ids, stats, tokens } = await engine.complete(prompt, options)
  return { ids, stats, tokens, report: stats.report as Report }
}

describe('text stays as it was', () => {
  const tree = proposing('tree', ({ tokens }, { nodes, depth }) => {
    const [a = 0, b = 0] = text.slice(tokens.length)
    return nodes < 4 || depth < 2 ? chain([a]) : { tokens: [(a + 1) % 61, a, (b + 2) % 61, b], parents: [-1, -1, 1, 1] }
  })
  const costs: readonly (CostCurve | undefined)[] = [flat, steep, undefined]

  test.each(costs)('at a cost of %j', async (cost) => {
    for (const part of [partlyRight(1, 9), partlyRight(0.7, 40), partlyRight(0.2, 6), tree]) {
      const { ids, stats } = await run(adaptive(part, cost && { cost }))
      expect(ids).toEqual(text.slice(prompt.length))
      expect(stats.reads).toBe(stats.rounds)
    }
  })

  test('around a composition and within one, with credit to the parts', async () => {
    const early = proposing('early', ({ tokens }) =>
      tokens.length < 60 ? chain(text.slice(tokens.length).slice(0, 2)) : null,
    )
    for (const strategy of [
      adaptive(firstOf(early, partlyRight(0.9, 6)), { cost: flat }),
      firstOf(early, adaptive(partlyRight(0.9, 6), { cost: flat })),
    ]) {
      const { ids, stats } = await run(strategy)
      expect(ids).toEqual(text.slice(prompt.length))
      expect(Object.keys(stats.acceptedBy)).toEqual(['early', expect.stringContaining('partly right')])
      expect(stats.acceptedBy.early).toBeGreaterThan(20)
    }
  })
})

describe('the budget', () => {
  test('is never exceeded, and holds no more levels than nodes', async () => {
    const asked: Asked[] = []
    await run(adaptive(partlyRight(0.8, 100, asked), { cost: flat }))
    expect(asked.length).toBeGreaterThan(20)
    for (const { budget, given } of asked) {
      expect(budget.nodes).toBeLessThanOrEqual(63)
      expect(budget.depth).toBeLessThanOrEqual(budget.nodes)
      expect(given).toBeLessThanOrEqual(budget.nodes)
    }
  })

  test('is all there is where drafts are right and cost nothing, and small where they are seldom', async () => {
    const right: Asked[] = []
    await run(adaptive(partlyRight(1, 12, right), { cost: flat, draftCost: 0 }))
    expect(right.slice(2, -1).every(({ given }) => given === 12)).toBe(true)
    const seldom: Asked[] = []
    const { stats } = await run(adaptive(partlyRight(0.4, 12, seldom), { cost: flat, draftCost: 0.1 }))
    expect(seldom.slice(-30).filter(({ given }) => given <= 3).length).toBeGreaterThan(25)
    expect(stats.rounds).toBeLessThan(count)
  })

  test('is none where drafts are wrong: then only tries ask the part', async () => {
    const asked: Asked[] = []
    const { stats, report } = await run(adaptive(partlyRight(0, 8, asked), { cost: { rows: [1, 64], ms: [1, 1.8] } }))
    expect(report.why).toMatch(
      /^does not speculate: the best size, \d+ nodes?, would bring \d\.\d+ tokens for \d+\.\d+ plain rounds$/,
    )
    const { 0: none = 0, ...drafted } = report.rounds as Record<string, number>
    expect(stats.drafts).toBe(asked.length)
    // The last round has room for one token: nobody is asked.
    expect(stats.rounds).toBe(none + asked.length + 1)
    expect(Object.values(drafted).reduce((a, b) => a + b, 0)).toBe(asked.length)
    expect(report.probes).toBeGreaterThan(0)
    expect(asked.length).toBeLessThan(count / 3)
  })
})

describe('the report', () => {
  test('says what was chosen, for what, and why', async () => {
    const part: Strategy = {
      ...partlyRight(1, 3),
      load: async (host) => {
        const loaded = await partlyRight(1, 3).load(host)
        return { start: (session) => ({ ...loaded.start(session), report: () => ({ mine: 1 }) }) }
      },
    }
    const { report, stats } = await run(adaptive(part, { cost: flat, draftCost: 0.1 }))
    const { nodes, tokens, plainRounds, rounds } = report as Record<string, number> & { rounds: Record<string, number> }
    expect(report).toEqual({
      why: `3 nodes: ${tokens} tokens for 1.3 plain rounds`,
      nodes: 3,
      tokens: expect.closeTo(4, 0.05),
      plainRounds: 1.3,
      rounds: { 3: expect.any(Number) },
      probes: 0,
      cost: { from: 'pinned', ...flat },
      'partly right': { mine: 1 },
    })
    expect({ nodes, plainRounds, rounds: rounds['3'] }).toEqual({ nodes: 3, plainRounds: 1.3, rounds: stats.rounds })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  test('names a measured curve as such, and has nothing to say before the first round', async () => {
    const engine = await engineOn(target, { strategies: [on(flat, adaptive(partlyRight(1, 3)))] })
    const { stats } = await engine.complete(prompt, { strategy: engine.strategies[1] as string, maxTokens: 3 })
    expect(stats.report).toMatchObject({ cost: { from: 'measured', ...flat } })
    const [first] = await startAlone(adaptive(partlyRight(1, 3), { cost: flat }))
    expect(first.report?.()).toMatchObject({ why: 'no round was decided yet', rounds: {}, probes: 0 })
  })
})

describe('the clock', () => {
  /** A clock that drafting moves, by `ms` a node, and every round by 10. */
  function slowly(ms: number): { readonly part: Strategy; readonly asked: Asked[] } {
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    const asked: Asked[] = []
    const part = partlyRight(1, 6, asked)
    const load: Strategy['load'] = async (host) => {
      const loaded = await part.load(host)
      return {
        start: (session) => {
          const proposer = loaded.start(session)
          const propose = async (budget: Budget): Promise<Draft> => {
            const draft = await proposer.propose(budget)
            now += ms * (asked.at(-1)?.given as number)
            return draft
          }
          const follow = () => {
            now += 10
            return []
          }
          return { ...proposer, propose, follow }
        },
      }
    }
    return { part: { ...part, load }, asked }
  }

  test('stops a part that drafts more slowly than the target decodes', async () => {
    const { part, asked } = slowly(40)
    const { report, ids } = await run(on({ rows, ms: rows.map(() => 10) }, adaptive(part)))
    expect(ids).toEqual(text.slice(prompt.length))
    expect(report.why).toMatch(/^does not speculate/)
    expect(asked.length).toBeLessThan(25)
  })

  test('lets one go on that is quick', async () => {
    const { part } = slowly(1)
    const { report } = await run(on({ rows, ms: rows.map(() => 10) }, adaptive(part)))
    expect(report.why).toMatch(/^6 nodes: 7 tokens/)
  })
})

describe('where the rule promises no more than the distribution', () => {
  /** Keeps what the target would have said. */
  const greedy = (guarantee: AcceptanceRule['guarantee']): AcceptanceRule => ({
    specVersion: 1,
    name: 'greedy on the host',
    guarantee,
    host: {
      decide: ({ tree, logits }) => {
        const best = (row: number) => logits(row).reduce((top, x, i, all) => (x > (all[top] as number) ? i : top), 0)
        const path: number[] = []
        for (;;) {
          const at = path.at(-1) ?? -1
          const next = best(at + 1)
          const child = tree.parents.findIndex((parent, i) => parent === at && tree.tokens[i] === next)
          if (child < 0) return { path, next }
          path.push(child)
        }
      },
    },
  })

  /** Sizes that were asked for where the device's curve and clock are these. */
  async function sizes(
    curve: CostCurve,
    clock: () => number,
    guarantee: AcceptanceRule['guarantee'],
  ): Promise<number[]> {
    vi.spyOn(performance, 'now').mockImplementation(clock)
    const asked: Asked[] = []
    const { report, ids } = await run(on(curve, adaptive(partlyRight(0.6, 9, asked))), greedy(guarantee))
    expect(ids).toEqual(text.slice(prompt.length))
    expect((report.cost as Report).from).toBe(guarantee === 'same-tokens' ? 'measured' : 'pinned')
    return asked.map(({ budget }) => budget.nodes)
  }

  test.each(['same-distribution', 'lossy'] as const)(
    '%s: a curve and a clock that lie change nothing',
    async (guarantee) => {
      let now = 0
      const still = await sizes(flat, () => 0, guarantee)
      const wild = await sizes(steep, () => (now += 1000 * Math.random()), guarantee)
      expect(wild).toEqual(still)
      expect(still.length).toBeGreaterThan(20)
    },
  )

  test('same-tokens: they do', async () => {
    const quick = await sizes(flat, () => 0, 'same-tokens')
    expect(await sizes(steep, () => 0, 'same-tokens')).not.toEqual(quick)
  })

  test('the clock is not looked at', async () => {
    const [proposer] = await startAlone(adaptive(partlyRight(1, 3)), 'same-distribution')
    const looks = vi.spyOn(performance, 'now')
    await proposer.propose({ nodes: 7, depth: 7 })
    await proposer.observe?.({ start: 7, tokens: [1], length: 7, accepted: 0, path: [], own: true })
    expect(looks).not.toHaveBeenCalled()
    expect(proposer.report?.()).toMatchObject({ rounds: { 3: 1 } })
  })
})

/** A session's proposer without an engine, and what its part was told. */
async function startAlone(
  strategy: Strategy,
  guarantee: SessionView['guarantee'] = 'same-tokens',
): Promise<readonly [Proposer]> {
  const engine = await tinyEngine()
  const view = { tokens: prompt, guarantee, maxRows: 64, backend: engine.backend } as unknown as SessionView
  const host = { verifyCost: async () => flat } as unknown as Parameters<Strategy['load']>[0]
  return [(await strategy.load(host)).start(view)]
}

describe('the part', () => {
  /** Says nothing but what it was told. */
  function listening(told: (Follow | Committed)[], draft: () => Draft): Strategy {
    return strategyOf('listening', () => ({
      propose: draft,
      follow: (pass) => {
        told.push(pass)
        return []
      },
      observe: (committed) => {
        told.push(committed)
      },
      truncate: (length) => length - 1,
    }))
  }

  const round: Committed = { start: 7, tokens: [1], length: 7, accepted: 0, path: [], own: true }
  const pass = { kind: 'round', pass: { rows: 2 }, own: true, chain: true, nodes: 1 } as unknown as Follow

  test('is told of its own drafts, and of no other as its own', async () => {
    const told: (Follow | Committed)[] = []
    let draft: Draft = chain([4])
    const [proposer] = await startAlone(
      adaptive(
        listening(told, () => draft),
        { cost: flat },
      ),
    )
    for (draft of [chain([4]), chain([]), null]) {
      await proposer.propose({ nodes: 7, depth: 7 })
      proposer.follow?.(pass)
      await proposer.observe?.(round)
    }
    expect(told.map(({ own }) => own)).toEqual([true, true, false, false, false, false])
    expect(told.length).toBe(6)
    expect(proposer.truncate?.(5)).toBe(4)
  })

  test('is not judged by a round that failed, nor by a prompt', async () => {
    const [proposer] = await startAlone(
      adaptive(
        listening([], () => chain([4])),
        { cost: flat },
      ),
    )
    await proposer.propose({ nodes: 7, depth: 7 })
    proposer.truncate?.(5)
    await proposer.observe?.({ ...round, own: false })
    expect(proposer.report?.()).toMatchObject({ rounds: {} })
    await proposer.propose({ nodes: 7, depth: 7 })
    await proposer.observe?.(round)
    expect(proposer.report?.()).toMatchObject({ rounds: { 1: 1 } })
  })

  test('is credited by its name, or by whom it names, and its draft passed on as it is', async () => {
    const computed = { layer: 2, x: {} as never }
    const device = { programs: [], nodes: 2, parents: [-1, 0], computed }
    for (const draft of [device, { ...device, by: 'another' }]) {
      const [proposer] = await startAlone(
        adaptive(
          listening([], () => draft),
          { cost: flat },
        ),
      )
      expect(await proposer.propose({ nodes: 7, depth: 7 })).toEqual({ by: 'listening', ...draft })
    }
  })

  test('fails by its own name', async () => {
    const broken = strategyOf('broken', () => ({
      propose: () => {
        throw new Error('out of ideas')
      },
    }))
    const engine = await engineOn(target, { strategies: [adaptive(broken, { cost: flat })] })
    const error = await failure(() => engine.complete(prompt, { strategy: 'adaptive(broken)' }))
    expect(error).toMatchObject({ code: 'STRATEGY_FAILED', message: expect.stringContaining('broken') })
  })

  test('has its needs kept, those of its checkpoint too', async () => {
    const needy: Strategy = {
      specVersion: 1,
      name: 'needy',
      needs: { finalHidden: true },
      load: async () => ({
        needs: { layerInputs: [1] },
        start: (session) => {
          expect(session.hidden('final')).toBeDefined()
          expect(session.hidden(1)).toBeDefined()
          return { propose: () => null }
        },
      }),
    }
    await run(adaptive(needy, { cost: flat }))
    expect.assertions(2)
  })
})

test('what one session learned is not known to the next', async () => {
  const asked: Asked[] = []
  const engine = await engineOn(target, { strategies: [adaptive(partlyRight(0.3, 8, asked), { cost: steep })] })
  const complete = () =>
    engine.complete(prompt, { strategy: engine.strategies[1] as string, maxTokens: count, ignoreEos: true })
  await complete()
  const first = asked.splice(0).map(({ budget }) => budget.nodes)
  await complete()
  expect(asked.map(({ budget }) => budget.nodes)).toEqual(first)
})

test.each([
  { draftCost: -1 },
  { draftCost: Number.NaN },
  { cost: { rows: [], ms: [] } },
  { cost: { rows: [2, 4], ms: [1, 1] } },
  { cost: { rows: [1, 4, 4], ms: [1, 1, 1] } },
  { cost: { rows: [1, 2.5], ms: [1, 1] } },
  { cost: { rows: [1, 2], ms: [1] } },
  { cost: { rows: [1, 2], ms: [1, 0] } },
  { cost: { rows: [1, 2], ms: [1, Number.POSITIVE_INFINITY] } },
])('%j is refused', (options) => {
  expect(() => adaptive(oracle(text, 3), options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
})
