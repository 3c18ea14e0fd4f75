import { type Committed, type Completion, chain, type Engine, type Follow, type Strategy } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { engineOn } from './support/engines'
import { hostGreedy } from './support/host-greedy'
import { alternating, oracle, proposing, randomTrees, silent, strategyOf } from './support/strategies'
import { tinyConfig, writeTinyModel } from './support/tiny-model'

const prompts = [[3], [5, 9, 11, 5, 9, 11, 5], Array.from({ length: 70 }, (_, i) => (i * 13 + 5) % 61)]
const count = 60

/** Counts that hold for every generation, whatever was drafted. */
function checkCounts({ stats, usage, ids }: Completion, promptTokens: number, maxRows: number): void {
  expect(usage).toEqual({ promptTokens, completionTokens: ids.length })
  expect(stats.tokens).toBe(stats.rounds + stats.accepted)
  expect(stats.acceptedByDepth.reduce((a, b) => a + b, 0)).toBe(stats.accepted)
  expect([...stats.acceptedByDepth].sort((a, b) => b - a)).toEqual(stats.acceptedByDepth)
  expect(stats.acceptedByDepth[0] ?? 0).toBeLessThanOrEqual(stats.drafts)
  expect(stats.drafts).toBeLessThanOrEqual(stats.rounds)
  expect(stats.accepted).toBeLessThanOrEqual(stats.proposed)
  expect(stats.meanAcceptanceLength).toBeCloseTo(stats.tokens / stats.rounds)
  expect(stats.prefilled).toBe(promptTokens - 1)
  expect(stats.reads).toBe(stats.rounds)
  const chunks = Math.ceil((promptTokens - 1) / maxRows)
  expect(stats.submits).toBe(chunks + stats.rounds)
}

function complete(engine: Engine, prompt: readonly number[], strategy: string): Promise<Completion> {
  return engine.complete(prompt, { strategy, maxTokens: count, ignoreEos: true })
}

describe.each([1, 2, 3])('a tiny model of seed %i', async (seed) => {
  const folder = await writeTinyModel({ seed })
  const plain = await engineOn(folder)
  const texts = await Promise.all(
    prompts.map(async (prompt) => [...prompt, ...(await complete(plain, prompt, 'plain')).ids]),
  )

  test('plain decoding counts a token a round', async () => {
    for (const [i, prompt] of prompts.entries()) {
      const result = await complete(plain, prompt, 'plain')
      expect(result.ids).toEqual(texts[i]?.slice(prompt.length))
      expect(result.stats).toMatchObject({ rounds: count, tokens: count, proposed: 0, accepted: 0, drafts: 0 })
      checkCounts(result, prompt.length, 64)
    }
  })

  test('trees of any kind give the ids of plain decoding, in one submission and one read a round', async () => {
    for (const [i, prompt] of prompts.entries()) {
      const text = texts[i] as number[]
      const engine = await engineOn(folder, {
        strategies: [
          randomTrees(tinyConfig.vocab_size, 24, seed),
          { ...randomTrees(tinyConfig.vocab_size, 40, seed + 7, text), name: 'random around the text' },
          oracle(text, 5),
          silent(),
          alternating('alternating', [
            oracle(text, 3),
            silent(),
            randomTrees(tinyConfig.vocab_size, 30, seed + 9, text),
          ]),
        ],
      })
      for (const strategy of engine.strategies) {
        const result = await complete(engine, prompt, strategy)
        expect({ strategy, ids: result.ids }).toEqual({ strategy, ids: text.slice(prompt.length) })
        checkCounts(result, prompt.length, 64)
        if (strategy === 'random around the text') expect(result.stats.accepted).toBeGreaterThan(count / 3)
        if (strategy === 'silent') expect(result.stats).toMatchObject({ rounds: count, drafts: 0 })
      }
    }
  })

  test('what an oracle proposes is accepted whole', async () => {
    const [prompt, text] = [prompts[1] as number[], texts[1] as number[]]
    const engine = await engineOn(folder, { strategies: [oracle(text, 5)] })
    const { stats } = await complete(engine, prompt, 'oracle')
    expect(stats).toMatchObject({ rounds: count / 6, proposed: (count / 6) * 5, accepted: (count / 6) * 5 })
    expect(stats.acceptedByDepth).toEqual([10, 10, 10, 10, 10])
    expect(stats.meanAcceptanceLength).toBe(6)
  })
})

describe('the smallest engines', async () => {
  const folder = await writeTinyModel({ seed: 4 })
  const prompt = prompts[2] as number[]
  const text = [...prompt, ...(await complete(await engineOn(folder), prompt, 'plain')).ids]

  test.each([1, 2, 3, 5])('passes of at most %i rows give the same ids', async (maxRows) => {
    const engine = await engineOn(folder, {
      maxRows,
      strategies: [oracle(text, 9), randomTrees(tinyConfig.vocab_size, 9, 1, text)],
    })
    for (const strategy of engine.strategies) {
      const result = await complete(engine, prompt, strategy)
      expect(result.ids).toEqual(text.slice(prompt.length))
      checkCounts(result, prompt.length, maxRows)
    }
    const { stats } = await complete(engine, prompt, 'oracle')
    expect(stats.meanAcceptanceLength).toBe(maxRows)
  })

  test('a strategy is asked only while there is something to draft, and within the budget', async () => {
    const asked: { nodes: number; depth: number }[] = []
    const nosy = proposing('nosy', (_, budget) => {
      asked.push(budget)
      return chain([])
    })
    const engine = await engineOn(folder, { maxRows: 8, strategies: [nosy] })
    await engine.complete([3, 4], { strategy: 'nosy', maxTokens: 10, ignoreEos: true })
    expect(asked.map(({ nodes }) => nodes)).toEqual(new Array(9).fill(7))
    expect(asked.map(({ depth }) => depth)).toEqual([7, 7, 7, 6, 5, 4, 3, 2, 1])
    const single = await engineOn(folder, { maxRows: 1, strategies: [nosy] })
    asked.length = 0
    await single.complete([3, 4], { strategy: 'nosy', maxTokens: 5, ignoreEos: true })
    expect(asked).toEqual([])
  })
})

describe('rules on the host', async () => {
  const folder = await writeTinyModel({ seed: 5 })
  const prompt = prompts[1] as number[]
  const text = [...prompt, ...(await complete(await engineOn(folder), prompt, 'plain')).ids]

  test('cost one submission more a round and no other read, and give the same ids', async () => {
    const engine = await engineOn(folder, {
      strategies: [oracle(text, 4), randomTrees(tinyConfig.vocab_size, 20, 3, text)],
    })
    for (const strategy of engine.strategies) {
      const exact = await complete(engine, prompt, strategy)
      const before = engine.backend.stats
      const host = await engine.complete(prompt, {
        strategy,
        maxTokens: count,
        ignoreEos: true,
        acceptance: hostGreedy,
      })
      expect(host.ids).toEqual(text.slice(prompt.length))
      if (strategy !== 'random trees') expect(host.stats).toMatchObject({ accepted: exact.stats.accepted })
      expect(host.stats.submits).toBe(2 * host.stats.rounds + 1)
      expect(host.stats.reads).toBe(host.stats.rounds)
      expect(engine.backend.stats.submits - before.submits).toBe(host.stats.submits)
      expect(engine.backend.stats.reads - before.reads).toBe(host.stats.reads)
    }
  })

  test('read the tree of a draft that was made on the device', async () => {
    const engine = await engineOn(folder, { strategies: [deviceOracle(text)] })
    for (const strategy of ['device', 'plain']) {
      const host = await engine.complete(prompt, {
        strategy,
        maxTokens: count,
        ignoreEos: true,
        acceptance: hostGreedy,
      })
      expect(host.ids).toEqual(text.slice(prompt.length))
      expect(host.stats.reads).toBe(host.stats.rounds)
    }
  })
})

test('programs may lay out the whole tree on the device', async () => {
  const folder = await writeTinyModel({ seed: 6 })
  const prompt = prompts[1] as number[]
  const text = [...prompt, ...(await complete(await engineOn(folder), prompt, 'plain')).ids]
  // Plain rounds and drafts of the host in between: the engine has to lay its own topology again after another was written.
  const engine = await engineOn(folder, {
    strategies: [
      alternating('mixed', [deviceOracle(text), silent(), oracle(text, 2)]),
      alternating('with chains', [oracle(text, 4), deviceOracle(text)]),
    ],
  })
  for (const strategy of ['mixed', 'with chains']) {
    const result = await complete(engine, prompt, strategy)
    expect(result.ids).toEqual(text.slice(prompt.length))
    checkCounts(result, prompt.length, 64)
    expect(result.stats.accepted).toBeGreaterThan(strategy === 'mixed' ? count / 2 - 1 : count * 0.7)
  }
})

test('a proposer hears of every chunk and every round, and whether its own draft was in it', async () => {
  const folder = await writeTinyModel({ seed: 6 })
  const prompt = prompts[2] as number[]
  const text = [...prompt, ...(await complete(await engineOn(folder), prompt, 'plain')).ids]
  const followed: Omit<Follow, 'pass'>[] = []
  const observed: Committed[] = []
  const told = strategyOf('told', ({ tokens }) => {
    let round = 0
    return {
      // Nothing, then the next token beside a sibling, then the next two as a chain.
      propose: () => {
        const [a = 0, b = 0] = text.slice(tokens.length)
        const sibling = (a + 1) % tinyConfig.vocab_size
        return [null, { tokens: [sibling, a], parents: [-1, -1] }, chain([a, b])][round++ % 3] ?? null
      },
      follow: ({ pass, ...rest }) => {
        followed.push({ ...rest })
        expect(pass.rows).toBe(rest.kind === 'prefill' ? (followed.length === 1 ? 64 : 6) : [1, 4, 4][(round - 1) % 3])
        return []
      },
      observe: (committed) => {
        observed.push(committed)
        expect(tokens).toEqual(text.slice(0, tokens.length))
      },
    }
  })
  const engine = await engineOn(folder, { strategies: [told] })
  await engine.complete(prompt, { strategy: 'told', maxTokens: 12, ignoreEos: true })
  const prefill = { kind: 'prefill', own: false, chain: true, nodes: 0, levels: 0 }
  const rounds = [
    { kind: 'round', own: false, chain: true, nodes: 0, levels: 0 },
    { kind: 'round', own: true, chain: false, nodes: 2, levels: 1 },
    { kind: 'round', own: true, chain: true, nodes: 2, levels: 2 },
  ]
  expect(followed).toEqual([prefill, prefill, ...rounds, ...rounds])
  const committed = (start: number, count: number, length: number, accepted: number, own: boolean) =>
    expect.objectContaining({ start, tokens: text.slice(start, start + count), length, accepted, own })
  expect(observed).toEqual([
    committed(0, 64, 64, 0, false),
    committed(64, 5, 69, 0, false),
    ...[70, 76].flatMap((at) => [
      committed(at, 1, at, 0, false),
      committed(at + 1, 2, at + 2, 1, true),
      committed(at + 3, 3, at + 5, 2, true),
    ]),
  ])
})

/** Knows the text, and writes three siblings, the second of them right and with a right child, by a program of its own. */
function deviceOracle(text: readonly number[]): Strategy {
  return strategyOf('device', ({ backend, tokens, tree }) => {
    const source = backend.tensor([8], 'u32', 'next')
    const program = backend.program('device draft', (ops) =>
      ops.kernel({
        label: 'lay a tree',
        wgsl: '@compute @workgroup_size(1) fn main() {}',
        tensors: [
          { tensor: source, access: 'read' },
          { tensor: tree.tokens, access: 'read_write' },
          { tensor: tree.shape, access: 'read_write' },
        ],
        workgroups: [1],
        reference: ([next, ids, shape]) => {
          const [a, b] = [next?.[0] as number, next?.[1] as number]
          ids?.set([(a + 1) % tinyConfig.vocab_size, a, (a + 2) % tinyConfig.vocab_size, b], 1)
          shape?.set([5, 0, 0, 0, 2])
        },
      }),
    )
    return {
      propose: ({ nodes, depth }) => {
        const next = text.slice(tokens.length, tokens.length + 2)
        if (next.length < 2 || nodes < 4 || depth < 2) return null
        backend.write(source, Uint32Array.from(next))
        return { programs: [program], nodes: 4, parents: null }
      },
      dispose: () => {
        source.dispose()
        program.dispose()
      },
    }
  })
}
