import { type Completion, type Constraint, firstOf, type GenerateOptions, merged, type Strategy } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { onDevice } from './support/device-draft'
import { engineOn } from './support/engines'
import { hostGreedy } from './support/host-greedy'
import { pairsOnDevice, pairsOnHost } from './support/pair-processors'
import { stepConstraint } from './support/step-constraint'
import { oracle, proposing, randomTrees } from './support/strategies'
import { tinyConfig, writeTinyModel } from './support/tiny-model'

const vocab = tinyConfig.vocab_size
const folder = await writeTinyModel({ seed: 5 })
const plain = await engineOn(folder)
const prompt = [5, 9, 11, 5, 9, 11, 5]

const steps = stepConstraint()

const cases: Readonly<Record<string, Partial<GenerateOptions>>> = {
  constraint: { constraint: steps },
  'constraint, drawn': { constraint: steps, temperature: 0.8, seed: 3, repetitionPenalty: 1.2 },
  'processors on the host': { processors: [pairsOnHost] },
  'processors on the device, drawn': { processors: [pairsOnDevice], temperature: 0.8, seed: 6 },
  'processors on both, drawn, with log-probabilities': {
    processors: [pairsOnHost, pairsOnDevice],
    temperature: 0.8,
    seed: 4,
    logProbs: true,
  },
  'both with a constraint': {
    processors: [pairsOnDevice, pairsOnHost],
    constraint: steps,
    temperature: 0.8,
    topP: 0.9,
    seed: 9,
    logProbs: true,
  },
}

/** Trees as large as they may be: five levels of the text that is to come, among as many wrong tokens as fit. */
function fullTree(size: number, nodes: number, text: readonly number[]): Strategy {
  return proposing('full trees', ({ tokens: committed }, budget) => {
    const levels = Math.min(5, budget.depth)
    const tokens: number[] = []
    const parents: number[] = []
    let right = -1
    for (let level = 0; level < levels; level++) {
      const next = text[committed.length + level] ?? 0
      const children = Math.min(size, nodes - tokens.length)
      const before = right
      for (let i = 0; i < children; i++) {
        const token = (next + 1 + i) % size
        if (token === next) right = tokens.length
        tokens.push(token)
        parents.push(before)
      }
    }
    return { tokens, parents }
  })
}

const complete = (strategy: string, options: Partial<GenerateOptions>, engine = plain): Promise<Completion> =>
  engine.complete(prompt, { strategy, maxTokens: 40, ignoreEos: true, ...options })

describe.each(Object.entries(cases))('%s', async (_, options) => {
  const expected = await complete('plain', options)
  const text = [...prompt, ...expected.ids]
  const random = randomTrees(vocab, 24, 7, text)
  const strategies = [
    oracle(text, 5),
    { ...random, name: 'trees' },
    { ...onDevice(random, true), name: 'device trees' },
    { ...onDevice(random, false), name: 'device topology' },
    { ...merged(oracle(text, 3, 'knows'), randomTrees(vocab, 12, 3, text)), name: 'merged' },
    { ...firstOf(randomTrees(vocab, 9, 4, text), oracle(text, 4, 'last')), name: 'first' },
  ]
  const engine = await engineOn(folder, { strategies })

  test.each(strategies.map(({ name }) => name))('%s gives the ids of plain decoding', async (name) => {
    const { ids, stats, tokens } = await complete(name, options, engine)
    expect(ids).toEqual(expected.ids)
    expect(stats.accepted).toBeGreaterThan(0)
    expect(stats.accepted).toBeLessThanOrEqual(stats.evaluated)
    const logProbs = (all: Completion['tokens']) => all.map(({ logProb }) => logProb)
    expect(logProbs(tokens)).toEqual(logProbs(expected.tokens))
    const { constraint, processors = [] } = options
    const more =
      (constraint && name.startsWith('device') ? stats.drafts : 0) +
      (processors.includes(pairsOnHost) ? stats.rounds : 0)
    expect(stats.reads).toBe(stats.rounds + more)
    expect(stats.submits).toBe(1 + stats.rounds + more)
  })

  test('the constraint holds, and drafts that break it are cut off', async () => {
    if (!options.constraint) return
    expect((expected.ids[0] as number) % 2).toBe(0)
    for (const [i, id] of expected.ids.slice(1).entries()) expect(id % 4).toBe(((expected.ids[i] as number) + 1) % 4)
    const { stats } = await complete('trees', options, engine)
    expect(stats.evaluated).toBeLessThan(stats.proposed)
  })

  if (!options.temperature)
    test('a rule on the host sees what was left', async () => {
      for (const name of ['trees', 'device topology'])
        expect((await complete(name, { ...options, acceptance: hostGreedy }, engine)).ids).toEqual(expected.ids)
    })
})

test('a text that is complete ends, also in the middle of a draft', async () => {
  const eos = tinyConfig.eos_token_id
  /** Five tokens, then the end and nothing but the end. */
  const five: Constraint = {
    specVersion: 1,
    name: 'five',
    start: ({ vocab: ids, eos: ends }) => {
      let count = 0
      return {
        mask: (path) => {
          const mask = new Uint32Array(Math.ceil(ids / 32))
          const done = count + path.length >= 5
          for (let id = 0; id < ids; id++)
            if (ends.includes(id) === done) mask[id >>> 5] = (mask[id >>> 5] as number) | (1 << (id & 31))
          return mask
        },
        accept: (tokens) => {
          count += tokens.length
        },
      }
    },
  }
  for (const sampling of [{}, { temperature: 0.8, seed: 3 }]) {
    const options = { constraint: five, maxTokens: 40, ...sampling }
    const expected = await plain.complete(prompt, options)
    expect(expected).toMatchObject({ reason: 'eos', by: eos })
    expect(expected.ids).toHaveLength(6)
    const text = [...prompt, ...expected.ids, eos, eos, 7, 9]
    const random = randomTrees(vocab, 40, 7, text)
    const strategies = [
      oracle(text, 9),
      { ...random, name: 'trees' },
      { ...onDevice(random, false), name: 'on the device' },
    ]
    const engine = await engineOn(folder, { strategies })
    for (const { name } of strategies) {
      const { ids, reason, stats } = await engine.complete(prompt, { ...options, strategy: name })
      expect({ ids, reason }).toEqual({ ids: expected.ids, reason: 'eos' })
      expect(stats.accepted).toBeGreaterThan(1)
    }
  }
})

describe('a tree of 255 nodes', async () => {
  const asked: (readonly number[])[] = []
  /** Counts the questions. */
  const counting = (inner: Constraint): Constraint => ({
    ...inner,
    start: async (vocabulary) => {
      const matcher = await inner.start(vocabulary)
      return {
        mask: (path) => {
          asked.push(path)
          return matcher.mask(path)
        },
        accept: (tokens) => matcher.accept(tokens),
      }
    },
  })
  const anything: Constraint = {
    specVersion: 1,
    name: 'anything',
    start: () => ({ mask: () => null, accept: () => {} }),
  }
  const free = await complete('plain', {})
  const kept = await complete('plain', { constraint: steps })

  test.each([
    ['keeps to the constraint', anything, free.ids],
    ['is cut down by it', steps, kept.ids],
  ] as const)('%s: one question a row that is verified', async (_, constraint, ids) => {
    const wide = fullTree(vocab, 255, [...prompt, ...ids])
    const strategies = [wide, { ...onDevice(wide, false), name: 'on the device' }]
    const engine = await engineOn(folder, { strategies, maxRows: 256 })
    for (const [reads, { name }] of strategies.entries()) {
      asked.length = 0
      const found = await complete(name, { constraint: counting(constraint) }, engine)
      expect(found.ids).toEqual(ids)
      const { rounds, drafts, evaluated, proposed, accepted } = found.stats
      expect(asked.length).toBe(rounds + evaluated)
      expect(Math.max(...asked.map((path) => path.length))).toBeGreaterThan(2)
      expect(proposed).toBeGreaterThan(255 * (drafts - 3))
      expect(evaluated === proposed).toBe(constraint === anything)
      expect(accepted).toBeGreaterThan(rounds)
      expect(found.stats.reads).toBe(rounds + reads * drafts)
    }
  })
})
