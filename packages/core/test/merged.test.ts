import {
  type AcceptanceRule,
  type Completion,
  chain,
  createEngine,
  type Engine,
  firstOf,
  type HostDraft,
  merged,
  OutriderError,
  Owned,
  type Strategy,
} from '@outrider/core'
import { INDEX } from '@outrider/core/spec'
import { describe, expect, test } from 'vitest'
import { onDevice } from './support/device-draft'
import { engineOn, failure } from './support/engines'
import { drill } from './support/fault-drill'
import { FaultyBackend, faultyCalls } from './support/faulty-backend'
import { hostGreedy } from './support/host-greedy'
import { checkCredit, type Spied, spied } from './support/spied'
import { alternating, oracle, proposing, randomTrees, silent, strategyOf } from './support/strategies'
import { tinyConfig, writeTinyModel } from './support/tiny-model'

const prompt = [5, 9, 11, 5, 9, 11, 5]
const count = 60
const folder = await writeTinyModel({ seed: 2 })

function complete(engine: Engine, strategy: string, acceptance?: AcceptanceRule): Promise<Completion> {
  return engine.complete(prompt, { strategy, maxTokens: count, ignoreEos: true, ...(acceptance && { acceptance }) })
}

const { ids } = await complete(await engineOn(folder), 'plain')
const text = [...prompt, ...ids]

/** Strategies whose trees overlap around the text, by name. */
function parts(): Record<'one' | 'two' | 'three' | 'short', Spied> {
  const around = (name: string, seed: number, nodes: number) =>
    spied({ ...randomTrees(tinyConfig.vocab_size, nodes, seed, text), name })
  return {
    one: around('one', 1, 24),
    two: around('two', 2, 20),
    three: around('three', 3, 9),
    short: spied(alternating('short', [oracle(text, 2), silent(), oracle(text, 5)])),
  }
}

/** `inner`, whose drafts have been through the target's first layer when they are verified. */
function withLayersRun(inner: Strategy): Strategy {
  return {
    ...inner,
    load: async (host) => {
      const loaded = await inner.load(host)
      return {
        start: (session) => {
          const { backend, tree, sequence, cache, maxRows: rows } = session
          const owned = new Owned()
          const proposer = loaded.start(session)
          const index = owned.add(backend.tensor([INDEX.words], 'u32', 'index'))
          const x = owned.add(backend.tensor([rows, host.target.config.hidden], 'f32', 'stream'))
          const program = owned.add(
            backend.program('first layer', (ops) => {
              ops.treeIndex({ tree, sequence, index })
              const pass = { rows, first: 0, tokens: tree.tokens, index }
              ops.concat({ parts: [{ x: host.target.forward(ops, { pass, cache, to: 1 }) }], out: x, rows })
            }),
          )
          return {
            propose: async (budget) => {
              const { tokens, parents } = (await proposer.propose(budget)) as HostDraft
              backend.write(tree.tokens, Uint32Array.from(tokens), 1)
              return { programs: [program], nodes: tokens.length, parents, computed: { layer: 1, x } }
            },
            dispose: () => owned.dispose(),
          }
        },
      }
    },
  }
}

describe.each<[string, (parts: Record<string, Strategy>) => Strategy, readonly string[]]>([
  ['two on the host', ({ one, short }) => merged(one!, short!), ['one', 'short']],
  ['three on the host', ({ one, two, short }) => merged(short!, one!, two!), ['short', 'one', 'two']],
  ['host and device', ({ one, two }) => merged(one!, onDevice(two!, true)), ['one', 'two']],
  ['device and host', ({ one, short }) => merged(onDevice(one!, false), short!), ['one', 'short']],
  ['two on the device', ({ one, two }) => merged(onDevice(one!, true), onDevice(two!, false)), ['one', 'two']],
  [
    'four, the host between the device',
    ({ one, two, three, short }) => merged(onDevice(three!, false), short!, onDevice(one!, true), two!),
    ['three', 'short', 'one', 'two'],
  ],
  ['nested on the host', ({ one, two, three }) => merged(merged(one!, two!), three!), ['one', 'two', 'three']],
  [
    'nested on the device',
    ({ one, two, three }) => merged(three!, merged(onDevice(one!, false), two!)),
    ['three', 'one', 'two'],
  ],
  [
    'nested on the host, then laid on the device',
    ({ one, two, three }) => merged(onDevice(three!, true), merged(one!, two!)),
    ['three', 'one', 'two'],
  ],
  [
    'words that programs left, twice',
    ({ one, two, three, short }) =>
      merged(onDevice(merged(one!, two!), false), onDevice({ ...merged(three!, short!), name: 'others' }, true)),
    ['one', 'two', 'three', 'short'],
  ],
])('%s', (_, compose, names) => {
  test('give the ids of plain decoding, every token credited to all who proposed it', async () => {
    const all = parts()
    const strategies = Object.fromEntries(Object.entries(all).map(([name, each]) => [name, each.strategy]))
    const strategy = { ...compose(strategies), name: 'all' }
    const engine = await engineOn(folder, { strategies: [strategy] })
    const result = await complete(engine, 'all')
    expect(result.ids).toEqual(ids)
    const spies = names.map((name) => all[name as keyof typeof all])
    checkCredit(result, prompt, spies)
    const { stats } = result
    expect(stats).toMatchObject({ submits: stats.rounds + 1, reads: stats.rounds })
    const proposed = spies.flatMap(({ asked }) => asked.map(({ draft }) => draft?.tokens.length ?? 0))
    const total = proposed.reduce((a, b) => a + b, 0)
    expect(stats.proposed).toBe(total)
    expect(stats.evaluated).toBeLessThan(stats.proposed)
    const by = Object.fromEntries(
      names.map((name) => [name, result.tokens.filter(({ draft }) => draft?.by.includes(name)).length]),
    )
    expect(stats.acceptedBy).toEqual(by)
    expect(Object.values(by).reduce((a, b) => a + b, 0)).toBeGreaterThan(stats.accepted)
    for (const { followed, observed } of spies) {
      expect(followed).toHaveLength(stats.rounds + 1)
      expect(observed.map(({ tokens }) => tokens.length)).toEqual([6, ...roundsOf(result)])
    }
  })

  test('and under a rule on the host', async () => {
    const all = parts()
    const strategies = Object.fromEntries(Object.entries(all).map(([name, each]) => [name, each.strategy]))
    const engine = await engineOn(folder, { strategies: [{ ...compose(strategies), name: 'all' }] })
    const result = await complete(engine, 'all', hostGreedy)
    expect(result.ids).toEqual(ids)
    checkCredit(
      result,
      prompt,
      names.map((name) => all[name as keyof typeof all]),
    )
    expect(result.stats.reads).toBe(result.stats.rounds)
  })
})

/** Tokens that each round committed. */
function roundsOf({ tokens }: Completion): readonly number[] {
  const rounds: number[] = []
  let open = 0
  for (const { draft } of tokens) {
    open++
    if (!draft) {
      rounds.push(open)
      open = 0
    }
  }
  return rounds
}

describe('with firstOf', () => {
  test('as a part, whoever of it speaks is credited', async () => {
    const { one, short } = parts()
    const [first, second] = [spied(alternating('now and then', [oracle(text, 3), silent()])), short]
    const strategy = merged(onDevice(one.strategy, true), firstOf(first.strategy, onDevice(second.strategy, false)))
    const engine = await engineOn(folder, { strategies: [{ ...strategy, name: 'all' }] })
    const result = await complete(engine, 'all')
    expect(result.ids).toEqual(ids)
    checkCredit(result, prompt, [one, first, second])
    for (const name of ['one', 'now and then', 'short']) expect(result.stats.acceptedBy[name]).toBeGreaterThan(3)
  })

  test('as the whole, merged parts have their turn', async () => {
    const { one, two } = parts()
    const first = spied(alternating('now and then', [oracle(text, 3), silent()]))
    const strategy = firstOf(first.strategy, merged(onDevice(one.strategy, true), two.strategy))
    const engine = await engineOn(folder, { strategies: [{ ...strategy, name: 'all' }] })
    const result = await complete(engine, 'all')
    expect(result.ids).toEqual(ids)
    checkCredit(result, prompt, [first, one, two])
    expect(one.asked.length).toBeLessThan(first.asked.length)
    for (const name of ['one', 'two', 'now and then']) expect(result.stats.acceptedBy[name]).toBeGreaterThan(3)
  })
})

describe('a budget', () => {
  test.each([2, 3, 4, 8, 64])('of passes of %i rows is shared and kept', async (maxRows) => {
    for (const wrap of [(own: Strategy) => own, (own: Strategy) => onDevice(own, false)]) {
      const greedy = (name: string, seed: number) =>
        spied({ ...randomTrees(tinyConfig.vocab_size, 63, seed, text), name })
      const three = [greedy('one', 1), greedy('two', 2), greedy('three', 3)] as const
      const [one, two, last] = three
      const strategy = merged(one.strategy, wrap(two.strategy), wrap(last.strategy))
      const engine = await engineOn(folder, { maxRows, strategies: [{ ...strategy, name: 'all' }] })
      const result = await complete(engine, 'all')
      expect(result.ids).toEqual(ids)
      checkCredit(result, prompt, three)
      for (const { at } of one.asked) {
        const round = three.flatMap(({ asked }) => asked.filter((each) => each.at === at))
        const drafted = round.reduce((sum, { draft }) => sum + (draft?.tokens.length ?? 0), 0)
        expect(drafted).toBeLessThanOrEqual(maxRows - 1)
        for (const { budget, draft } of round) {
          expect(budget.nodes).toBeGreaterThan(0)
          expect(draft?.tokens.length).toBeLessThanOrEqual(budget.nodes)
        }
      }
      const asked = three.map((each) => each.asked.length)
      const [all] = asked as [number]
      if (maxRows === 2) expect(asked).toEqual([all, 0, 0])
      else if (maxRows === 3) expect(asked[2]).toBe(0)
      else expect(asked[2]).toBeGreaterThan(all / 2)
    }
  })

  test('is left to those who have something to say, in sizes that do not change with every node', async () => {
    let nodes = 0
    const first = spied(proposing('first', (_, budget) => chain(new Array(Math.min(nodes, budget.depth)).fill(1))))
    const second = spied(silent())
    const engine = await engineOn(folder, {
      strategies: [{ ...merged(first.strategy, second.strategy), name: 'both' }],
    })
    const offered = []
    for (nodes of [0, 1, 2, 5, 7, 8, 15, 16, 24, 31]) {
      first.asked.length = second.asked.length = 0
      await engine.complete(prompt, { strategy: 'both', maxTokens: 40, ignoreEos: true })
      offered.push([first.asked[0]?.budget.nodes, second.asked[0]?.budget.nodes])
    }
    expect(offered.map(([own]) => own)).toEqual(new Array(10).fill(31))
    expect(offered.map(([, left]) => left)).toEqual([63, 56, 56, 56, 56, 48, 48, 40, 32, 32])
  })
})

describe('a part', () => {
  test('that alone has something to say drafts as if there were no others', async () => {
    for (const told of [true, false]) {
      const own = spied({ ...randomTrees(tinyConfig.vocab_size, 20, 4, text), name: 'own' })
      const other = spied(alternating('other', [silent(), oracle(text, 2), silent()]))
      const strategy = merged(other.strategy, onDevice(own.strategy, told))
      const engine = await engineOn(folder, { strategies: [{ ...strategy, name: 'both' }] })
      const result = await complete(engine, 'both')
      expect(result.ids).toEqual(ids)
      const rounds = own.followed.slice(1)
      rounds.forEach((follow, i) => {
        const spoke = (other.asked[i]?.draft?.tokens.length ?? 0) > 0
        const drafted = (own.asked[i]?.draft?.tokens.length ?? 0) > 0
        expect(follow.own).toBe(drafted && !spoke)
        expect(own.observed[i + 1]?.own).toBe(drafted && !spoke)
        expect(other.followed[i + 1]?.own).toBe(spoke && !drafted)
        if (spoke && drafted) expect(follow.chain).toBe(false)
      })
      expect(rounds.filter((follow) => follow.own).length).toBeGreaterThan(3)
      expect(rounds.filter((follow) => !follow.own).length).toBeGreaterThan(2)
    }
  })

  test('whose chain is passed on stays a chain', async () => {
    const own = spied(oracle(text, 4))
    const strategy = merged(silent(), onDevice(own.strategy, true))
    const engine = await engineOn(folder, { strategies: [{ ...strategy, name: 'both' }] })
    expect((await complete(engine, 'both')).stats.meanAcceptanceLength).toBe(5)
    expect(own.followed.every(({ chain: straight }) => straight)).toBe(true)
  })

  test('that has run layers over its rows gives the same ids, passed on alone and in a merged tree', async () => {
    const other = spied(
      alternating('other', [silent(), { ...randomTrees(tinyConfig.vocab_size, 9, 5, text), name: 'r' }]),
    )
    const early = withLayersRun(spied(oracle(text, 3)).strategy)
    const strategies = [early, { ...merged(other.strategy, early), name: 'both' }]
    const engine = await engineOn(folder, { maxRows: 16, strategies })
    for (const strategy of ['oracle', 'both']) expect((await complete(engine, strategy)).ids).toEqual(ids)
    expect(other.asked.filter(({ draft }) => (draft?.tokens.length ?? 0) > 0).length).toBeGreaterThan(3)
    expect(other.asked.filter(({ draft }) => !draft?.tokens.length).length).toBeGreaterThan(3)
  })

  test('that proposes what is no tree is refused by its own name', async () => {
    for (const wrap of [(own: Strategy) => own, (own: Strategy) => onDevice(own, true)])
      for (const [code, parents] of [
        ['TREE_MALFORMED', [1, 0]],
        ['TREE_TOO_LARGE', new Array<number>(40).fill(-1)],
      ] as const) {
        const tokens = parents.map((_, i) => i)
        const bad = wrap(proposing('bad', () => ({ tokens, parents })))
        const engine = await engineOn(folder, { strategies: [{ ...merged(bad, oracle(text, 2)), name: 'both' }] })
        const error = await failure(() => complete(engine, 'both'))
        expect(error).toMatchObject({ code, details: { strategy: 'bad' } })
        expect((await complete(engine, 'plain')).ids).toEqual(ids)
      }
  })

  test('that throws is named, and nothing stays', async () => {
    const throwing = (where: 'load' | 'start' | 'propose' | 'observe a round'): Strategy => ({
      ...silent(),
      name: 'bad',
      load: async (host) => {
        await host.loadModel(folder)
        const fail = (): never => {
          throw new TypeError(where)
        }
        if (where === 'load') fail()
        return {
          start: ({ backend }) => {
            if (where === 'start') fail()
            const tensor = backend.tensor([4], 'u32', 'own')
            return {
              propose: () => (where === 'propose' ? fail() : null),
              observe: () => (where === 'observe a round' ? fail() : undefined),
              dispose: () => tensor.dispose(),
            }
          },
        }
      },
    })
    const around = strategyOf('around', ({ backend }) => {
      const tensor = backend.tensor([4], 'u32', 'own')
      return { propose: () => null, dispose: () => tensor.dispose() }
    })
    for (const compose of [firstOf, merged])
      for (const where of ['load', 'start', 'propose', 'observe a round'] as const) {
        const { backend } = new FaultyBackend()
        const strategies = [{ ...compose(around, throwing(where)), name: 'both' }]
        let live = 0
        const error = await failure(async () => {
          const engine = await createEngine({ backend, model: folder, capacity: 90, strategies, selfCheck: false })
          live = backend.stats.liveBytes
          try {
            await complete(engine, 'both')
          } finally {
            expect(backend.stats.liveBytes).toBe(live)
            await engine.dispose()
          }
        })
        expect(error).toMatchObject({ code: 'STRATEGY_FAILED', details: { strategy: 'bad' } })
        expect(error.message).toContain(where)
        // What a strategy's own load took before it threw is the engine's to free.
        expect(backend.stats.liveBytes).toBe(0)
      }
  })

  test('reports under its name', async () => {
    const reporting = (name: string): Strategy =>
      strategyOf(name, () => ({ propose: () => null, report: () => ({ said: name }) }))
    const engine = await engineOn(folder, {
      strategies: [{ ...merged(firstOf(silent(), reporting('a')), reporting('b')), name: 'all' }],
    })
    expect((await complete(engine, 'all')).stats.report).toEqual({
      'firstOf(silent, a)': { a: { said: 'a' } },
      b: { said: 'b' },
    })
  })
})

describe('parts', () => {
  test('are needed, and have names of their own', () => {
    for (const compose of [firstOf, merged]) {
      expect(() => compose()).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
      expect(() => compose(silent(), silent())).toThrow(expect.objectContaining({ code: 'STRATEGY_DUPLICATE' }))
    }
    expect(merged(silent(), { ...silent(), name: 'b' }).name).toBe('merged(silent, b)')
  })

  test('add up what they need', () => {
    const needing = (name: string, needs: NonNullable<Strategy['needs']>): Strategy => ({ ...silent(), name, needs })
    const both = merged(needing('a', { layerInputs: [1, 2] }), needing('b', { finalHidden: true, layerInputs: [2, 0] }))
    expect(both.needs).toEqual({ finalHidden: true, layerInputs: [1, 2, 0] })
  })

  test('may be 32 that are credited in one round', async () => {
    const many = (names: number) =>
      merged(...Array.from({ length: names }, (_, i) => ({ ...oracle(text, 1), name: `oracle ${i}` })))
    const engine = await engineOn(folder, {
      strategies: [
        { ...many(32), name: '32' },
        { ...many(33), name: '33' },
      ],
    })
    const { tokens } = await complete(engine, '32')
    expect(tokens[0]?.draft?.by).toEqual(Array.from({ length: 32 }, (_, i) => `oracle ${i}`))
    const error = await failure(() => complete(engine, '33'))
    expect(error).toMatchObject({ code: 'TREE_MALFORMED' })
    expect(error.message).toContain('33 names')
  })

  test('of one name in different compositions are one in the credit', async () => {
    const nested = (name: string) => ({ ...merged(oracle(text, 2), { ...silent(), name: 'other' }), name })
    const engine = await engineOn(folder, {
      strategies: [{ ...merged(nested('a'), onDevice(nested('b'), false)), name: 'all' }],
    })
    const { stats } = await complete(engine, 'all')
    expect(stats.acceptedBy).toEqual({ oracle: stats.accepted })
  })
})

test.each(faultyCalls)('when a %s fails anywhere, that error comes out and nothing stays', async (call) => {
  const small = await writeTinyModel({ config: { num_hidden_layers: 1, intermediate_size: 32 } })
  const around = (name: string, seed: number): Strategy => ({ ...randomTrees(tinyConfig.vocab_size, 5, seed), name })
  const strategies = [
    { ...merged(around('a', 1), onDevice(around('b', 2), true)), name: 'device' },
    { ...merged(around('a', 1), around('b', 2)), name: 'host' },
  ]
  expect(await drill(call, small, strategies, call === 'write' ? 3 : 1)).toBeGreaterThan(4)
})

test('an error of our own passes as it is', async () => {
  const own = new OutriderError('UNSUPPORTED_FORMAT', 'mine')
  const failing = strategyOf('failing', () => ({ propose: () => Promise.reject(own) }))
  const engine = await engineOn(folder, { strategies: [{ ...merged(failing, silent()), name: 'both' }] })
  expect(await failure(() => complete(engine, 'both'))).toBe(own)
})
