import {
  type Completion,
  type Constraint,
  firstOf,
  type GenerateOptions,
  type LogitsProcessor,
  merged,
} from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { onDevice } from './support/device-draft'
import { engineOn, failure } from './support/engines'
import { hostGreedy } from './support/host-greedy'
import { oracle, randomTrees } from './support/strategies'
import { tinyConfig, writeTinyModel } from './support/tiny-model'

const vocab = tinyConfig.vocab_size
const folder = await writeTinyModel({ seed: 5 })
const plain = await engineOn(folder)
const prompt = [5, 9, 11, 5, 9, 11, 5]

/** After a token t only ids with the remainder t + 1 by 4 may follow; the first token is any even one. */
const steps: Constraint = {
  specVersion: 1,
  name: 'steps',
  start: ({ vocab: ids }) => {
    let accepted: readonly number[] = []
    return {
      mask: (path) => {
        const last = path.at(-1) ?? accepted.at(-1)
        const words = new Uint32Array(Math.ceil(ids / 32))
        for (let id = 0; id < ids; id++)
          if (last === undefined ? id % 2 === 0 : id % 4 === (last + 1) % 4)
            words[id >>> 5] = (words[id >>> 5] as number) | (1 << (id & 31))
        return words
      },
      accept: (tokens) => {
        accepted = [...accepted, ...tokens]
      },
    }
  },
}

/** Bars what stood two tokens before, and prefers by the sum of the last two. */
function shape(logits: Float32Array, last: number, before: number): void {
  logits[before] = Number.NEGATIVE_INFINITY
  const id = (last + before) % logits.length
  logits[id] = (logits[id] as number) + 1.5
}

const onHost: LogitsProcessor = {
  specVersion: 1,
  name: 'host pairs',
  host: { process: ({ logits, tokens }) => shape(logits, tokens.at(-1) as number, tokens.at(-2) as number) },
}

/** Adds four nats to id 7 in every row, as a program. */
const sevens: LogitsProcessor = {
  specVersion: 1,
  name: 'sevens',
  device: {
    start: () => ({
      record: (ops, { logits, pass, vocab: width }) =>
        ops.kernel({
          label: 'sevens',
          wgsl: `@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@compute @workgroup_size(1) fn main(@builtin(workgroup_id) at: vec3u) { logits[at.x * ${width}u + 7u] += 4.0; }`,
          tensors: [{ tensor: logits, access: 'read_write' }],
          workgroups: [pass.rows],
          reference: ([values]) => {
            for (let row = 0; row < pass.rows; row++) (values as Float32Array)[row * width + 7]! += 4
          },
        }),
    }),
  },
}

const cases: Readonly<Record<string, Partial<GenerateOptions>>> = {
  constraint: { constraint: steps },
  'constraint, drawn': { constraint: steps, temperature: 0.8, seed: 3, repetitionPenalty: 1.2 },
  'processors on the host': { processors: [onHost] },
  'processors on both, drawn, with log-probabilities': {
    processors: [onHost, sevens],
    temperature: 0.8,
    seed: 4,
    logProbs: true,
  },
  'both with a constraint': {
    processors: [sevens, onHost],
    constraint: steps,
    temperature: 0.8,
    topP: 0.9,
    seed: 9,
    logProbs: true,
  },
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
      (constraint && name.startsWith('device') ? stats.drafts : 0) + (processors.includes(onHost) ? stats.rounds : 0)
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

test('processors change what plain decoding gives', async () => {
  const drawn = { temperature: 0.8, seed: 4 }
  const without = await complete('plain', drawn)
  for (const processors of [[onHost], [sevens]])
    expect((await complete('plain', { ...drawn, processors })).ids).not.toEqual(without.ids)
})

test('a processor of the host sees the tokens that its row follows', async () => {
  const seen: (readonly number[])[] = []
  const watch: LogitsProcessor = {
    specVersion: 1,
    name: 'watch',
    host: { process: ({ tokens }) => void seen.push(tokens) },
  }
  const { ids } = await complete('plain', { processors: [watch] })
  expect(seen).toEqual(ids.map((__, i) => [...prompt, ...ids.slice(0, i)]))
})

describe('errors', () => {
  const matching = (mask: () => Uint32Array | null, disposed: () => void = () => {}): Constraint => ({
    specVersion: 1,
    name: 'broken',
    start: () => ({ mask, accept: () => {}, dispose: disposed }),
  })
  const fails = (options: Partial<GenerateOptions>) => failure(() => complete('plain', options))

  test('a constraint that allows nothing, breaks, or gives a wrong mask is named, and freed', async () => {
    let freed = 0
    const free = () => void freed++
    const bad = () => {
      throw new Error('broken grammar')
    }
    const masks = [() => new Uint32Array(2), () => new Uint32Array(3), bad]
    for (const mask of masks)
      expect(await fails({ constraint: matching(mask, free) })).toMatchObject({ code: 'CONSTRAINT_FAILED' })
    expect(freed).toBe(3)
  })

  test('a bias against all that a constraint allows is said to leave nothing', async () => {
    const constraint = matching(() => Uint32Array.of(8, 0))
    expect((await fails({ constraint, bannedTokens: [3] })).code).toBe('CONSTRAINT_FAILED')
  })

  test('a constraint that asks for bytes needs a tokenizer', async () => {
    const constraint: Constraint = {
      ...steps,
      start: ({ bytes }) => ({ mask: () => null, accept: () => {}, at: bytes(3) }),
    }
    expect((await fails({ constraint })).code).toBe('TOKENIZER_MISSING')
  })

  test('a processor that throws is named', async () => {
    const host = { process: () => void [].reduce((a) => a) }
    const found = await fails({ processors: [{ specVersion: 1, name: 'bad', host }] })
    expect(found).toMatchObject({ code: 'PROCESSOR_FAILED' })
    expect(found.message).toContain('bad')
  })

  test('another version of the contract is refused', async () => {
    expect((await fails({ constraint: { ...steps, specVersion: 2 as 1 } })).code).toBe('STRATEGY_VERSION')
  })
})
