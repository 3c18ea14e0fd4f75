import { afterEach, describe, expect, test, vi } from 'vitest'
import { strategyOf } from '../../test/support/strategies'
import type { Committed, CostCurve, Draft, Follow, Proposer, SessionView, Strategy } from '../spec'
import { chain } from '../tree'
import { type AdaptiveOptions, adaptive } from './adaptive'

afterEach(() => {
  vi.restoreAllMocks()
})

const flat: CostCurve = { rows: [1, 2, 4, 8], ms: [1, 1, 1, 1.1] }
const steep: CostCurve = { rows: [1, 2, 4, 8], ms: [1, 1.3, 2.4, 4] }
const budget = { nodes: 7, depth: 7 }
const round = { start: 7, tokens: [1], length: 8, accepted: 0, path: [], own: true }

/** A session's proposer without an engine, around a part whose drafts need not wait. */
async function leading(
  options: AdaptiveOptions & {
    readonly guarantee?: SessionView['guarantee']
    readonly draft?: () => Draft | Promise<Draft>
  } = {},
  told: (Follow | Committed)[] = [],
): Promise<Proposer> {
  const { guarantee = 'same-tokens', draft, ...own } = options
  const part: Strategy = strategyOf('leading', () => ({
    ahead: true,
    propose: draft ?? (({ nodes, depth }) => chain(Array.from({ length: Math.min(nodes, depth) }, () => 4))),
    follow: (follow) => {
      told.push(follow)
      return []
    },
    observe: (committed) => {
      told.push(committed)
    },
  }))
  const host = { verifyCost: async () => flat } as unknown as Parameters<Strategy['load']>[0]
  return (await adaptive(part, own).load(host)).start({ tokens: [5], guarantee, maxRows: 8 } as unknown as SessionView)
}

const follow = (proposer: Proposer, nodes: number) =>
  proposer.follow?.({ kind: 'round', own: nodes > 0, chain: true, nodes, pass: {} } as unknown as Follow)

describe('a part whose drafts need not wait', () => {
  test('is asked at once, also before the last outcome is known', async () => {
    const proposer = await leading({ cost: flat })
    expect(proposer.ahead).toBe(true)
    expect(proposer.propose(budget)).not.toBeInstanceOf(Promise)
    expect(proposer.propose(budget)).not.toBeInstanceOf(Promise)
  })

  test('waits where a seed has to repeat, and where it says so itself', async () => {
    expect((await leading({ cost: flat, guarantee: 'same-distribution' })).ahead).toBe(false)
    const waiting = strategyOf('waiting', () => ({ propose: async () => null }))
    const host = {} as unknown as Parameters<Strategy['load']>[0]
    const session = { tokens: [5], guarantee: 'same-tokens', maxRows: 8 } as unknown as SessionView
    const proposer = (await adaptive(waiting, { cost: flat }).load(host)).start(session)
    expect(proposer.ahead).toBe(false)
    expect(proposer.propose(budget)).toBeInstanceOf(Promise)
  })

  test('its outcomes are told of the rounds that they belong to', async () => {
    const told: (Follow | Committed)[] = []
    const drafts: Draft[] = [chain([4, 4, 4]), null, chain([4])]
    const proposer = await leading({ cost: flat, draft: () => drafts.shift() ?? null }, told)
    for (const nodes of [3, 0]) {
      proposer.propose(budget)
      follow(proposer, nodes)
    }
    await proposer.observe?.({ ...round, accepted: 3, path: [0, 1, 2] })
    proposer.propose(budget)
    follow(proposer, 1)
    await proposer.observe?.({ ...round, own: false })
    await proposer.observe?.({ ...round, accepted: 1, path: [0] })
    expect(told.map(({ own }) => own)).toEqual([true, false, true, true, false, true])
    expect(proposer.report?.()).toMatchObject({ rounds: { 0: 1, 1: 1, 3: 1 } })
  })

  test('a round in vain is forgotten', async () => {
    const proposer = await leading({ cost: flat })
    for (const _ of [1, 2]) {
      proposer.propose(budget)
      follow(proposer, 7)
    }
    await proposer.observe?.({ ...round, accepted: 7, path: [0, 1, 2, 3, 4, 5, 6] })
    proposer.truncate?.(8)
    await proposer.observe?.({ ...round, own: false })
    expect(proposer.report?.()).toMatchObject({ rounds: { 7: 1 } })
  })

  test('one size is tried at a time', async () => {
    const proposer = await leading({ cost: steep, draftCost: 0.1 })
    const given: number[] = []
    const propose = () => {
      const draft = proposer.propose(budget) as Draft
      const nodes = draft && 'tokens' in draft ? draft.tokens.length : 0
      follow(proposer, nodes)
      given.push(nodes)
    }
    propose()
    for (let at = 0; at < 400; at++) {
      propose()
      await proposer.observe?.({ ...round, own: (given[at] as number) > 0 })
    }
    // Nothing is ever right: after the beginning only tries draft, and no two of them in a row.
    const tail = given.slice(60)
    expect(tail.filter((nodes) => nodes > 0).length).toBeGreaterThan(0)
    expect(tail.some((nodes, i) => nodes > 0 && (tail[i + 1] ?? 0) > 0)).toBe(false)
    expect(tail.filter((nodes) => nodes > 0).length).toBeLessThan(20)
  })

  test('rounds are timed from the end of the one before them', async () => {
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    // A round takes 3 ms on the device, a plain one 1, and the next one is submitted a moment after it.
    const proposer = await leading({})
    const running: number[] = []
    const propose = () => {
      const nodes = proposer.propose(budget) === null ? 0 : 7
      follow(proposer, nodes)
      running.push(nodes)
    }
    propose()
    for (let at = 0; at < 60; at++) {
      now += 0.1
      propose()
      const drafted = running.shift() === 7
      now += drafted ? 2.9 : 0.9
      await proposer.observe?.({ ...round, own: drafted, path: drafted ? [0, 1, 2, 3, 4, 5, 6] : [] })
    }
    expect(proposer.report?.()).toMatchObject({ nodes: 7, plainRounds: expect.closeTo(3, 1) })
  })

  test('what it throws carries its name', async () => {
    const broken = await leading({
      cost: flat,
      draft: () => {
        throw new Error('no')
      },
    })
    expect(() => broken.propose(budget)).toThrow(expect.objectContaining({ code: 'STRATEGY_FAILED' }))
    const late = await leading({ cost: flat, draft: async () => Promise.reject(new Error('no')) })
    await expect(late.propose(budget)).rejects.toMatchObject({ code: 'STRATEGY_FAILED' })
  })
})
