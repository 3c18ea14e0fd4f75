import type { Engine, GenerateOptions, LogitsProcessor } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { onDevice } from './support/device-draft'
import { engineOn, failure } from './support/engines'
import { pairsOnDevice, pairsOnHost } from './support/pair-processors'
import { chosen, type Stage, softmax, stages } from './support/sampling-order'
import { stepConstraint } from './support/step-constraint'
import { randomTrees } from './support/strategies'
import { tinyConfig, writeTinyModel } from './support/tiny-model'

const vocab = tinyConfig.vocab_size
const folder = await writeTinyModel({ seed: 5 })
const prompt = [5, 9, 11, 5, 9, 11, 5]
const drawn = { maxTokens: 40, ignoreEos: true, temperature: 0.8, seed: 4 }

/** An engine with trees, on the host and on the device, that know `ids` among wrong tokens. */
async function engineFor(ids: readonly number[]): Promise<Engine> {
  const trees = randomTrees(vocab, 24, 7, [...prompt, ...ids])
  const strategies = [
    { ...trees, name: 'trees' },
    { ...onDevice(trees, true), name: 'device trees' },
    { ...onDevice(trees, false), name: 'device topology' },
  ]
  return engineOn(folder, { strategies })
}

/** Remembers the logits of each row that it sees, by the tokens before. */
function watching(): { readonly seen: Map<string, Float32Array>; readonly watch: LogitsProcessor } {
  const seen = new Map<string, Float32Array>()
  const process = ({ logits, tokens }: { logits: Float32Array; tokens: readonly number[] }) =>
    void seen.set(tokens.join(), logits.slice())
  return { seen, watch: { specVersion: 1, name: 'watch', host: { process } } }
}

/** Leaves nothing but the text that is known: whatever else decides over tokens, these are chosen. */
const forcing = (ids: readonly number[]): LogitsProcessor => ({
  specVersion: 1,
  name: 'force',
  host: {
    process: ({ logits, tokens }) => {
      const next = ids[tokens.length - prompt.length]
      for (let id = 0; id < logits.length; id++) if (id !== next) logits[id] = Number.NEGATIVE_INFINITY
    },
  },
})

describe('a processor', async () => {
  const plain = await engineOn(folder)
  const alone = await plain.complete(prompt, { ...drawn, processors: [pairsOnHost] })
  const engine = await engineFor(alone.ids)

  test('changes what is drawn', async () => {
    expect((await plain.complete(prompt, drawn)).ids).not.toEqual(alone.ids)
  })

  test.each(['plain', 'trees', 'device trees', 'device topology'])(
    'on the device sees the path of each row, as one on the host does: %s',
    async (strategy) => {
      for (const processors of [[pairsOnHost], [pairsOnDevice]]) {
        const { ids, stats } = await engine.complete(prompt, { ...drawn, processors, strategy })
        expect(ids).toEqual(alone.ids)
        expect(stats.accepted > 10).toBe(strategy !== 'plain')
        expect(stats.reads).toBe(stats.rounds * (processors.includes(pairsOnHost) ? 2 : 1))
      }
    },
  )

  test('on the host is asked for every row that is verified, with the tokens that the row follows', async () => {
    for (const strategy of engine.strategies) {
      const asked: (readonly number[])[] = []
      const watch: LogitsProcessor = {
        specVersion: 1,
        name: 'watch',
        host: { process: ({ tokens }) => void asked.push(tokens) },
      }
      const { ids, stats } = await engine.complete(prompt, { ...drawn, strategy, processors: [watch] })
      expect(asked.length).toBe(stats.rounds + stats.evaluated)
      const text = [...prompt, ...ids]
      for (const length of ids.keys()) expect(asked).toContainEqual(text.slice(0, prompt.length + length))
    }
  })
})

describe('a token is chosen in the documented order', async () => {
  const constraint = stepConstraint()
  const options = {
    ...drawn,
    repetitionPenalty: 1.3,
    presencePenalty: 0.4,
    frequencyPenalty: 0.3,
    logitBias: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [3 * i, i % 2 === 0 ? 3 : -2])),
    bannedTokens: [12],
    topK: 9,
    topP: 0.9,
    minP: 0.06,
    typicalP: 0.9,
    logProbs: true,
    constraint,
  } satisfies GenerateOptions
  // On the device, then those on the host as they are given.
  const { seen: given, watch } = watching()
  const { seen: left, watch: last } = watching()
  const processors = [watch, pairsOnHost, pairsOnDevice, last]
  const plain = await engineOn(folder)
  const { ids } = await plain.complete(prompt, { ...options, processors })
  const engine = await engineFor(ids)
  const keys = ids.map((_, i) => [...prompt, ...ids.slice(0, i)].join())
  const own = watching()
  await plain.complete(prompt, { maxTokens: ids.length, ignoreEos: true, processors: [own.watch, forcing(ids)] })
  const own32 = keys.map((key) => own.seen.get(key) ?? expect.fail(`no row after ${key}`))

  const choice = (i: number) => {
    const before = ids[i - 1]
    const allowed = (id: number) => (before === undefined ? id % 2 === 0 : id % 4 === (before + 1) % 4)
    return { prompt, generated: ids.slice(0, i), allowed, options }
  }
  const byOrder = (order: readonly Stage[]) =>
    keys.map((key, i) => chosen(left.get(key) as Float32Array, choice(i), order))

  test('processors first, those on the device before those on the host, on the logits of the model', () => {
    for (const [i, key] of keys.entries()) {
      const [before, latest] = [...prompt, ...ids.slice(0, i)].slice(-2) as [number, number]
      const expected = own32[i]?.slice() as Float32Array
      const pairs = () => {
        const favoured = (before + latest) % vocab
        expected[before] = (expected[before] as number) - 8
        expected[favoured] = (expected[favoured] as number) + 1.5
      }
      pairs()
      expect(given.get(key)).toEqual(expected)
      pairs()
      expect(left.get(key)).toEqual(expected)
    }
  })

  test('then penalties, bias, mask, temperature, top-k, top-p, min-p, typical-p, and noise', () => {
    expect(byOrder(stages)).toEqual(ids)
  })

  test.each<[string, readonly Stage[]]>([
    ['bias before penalties', swapped('penalties', 'bias')],
    ['bias after the temperature', swapped('bias', 'temperature')],
    [
      'the mask after the filters',
      ['penalties', 'bias', 'temperature', 'top-k', 'top-p', 'min-p', 'typical-p', 'mask'],
    ],
    ['the temperature after top-p', swapped('temperature', 'top-p')],
    ['no penalties', stages.filter((stage) => stage !== 'penalties')],
    ['no top-k', stages.filter((stage) => stage !== 'top-k')],
    ['no typical-p', stages.filter((stage) => stage !== 'typical-p')],
  ])('another order gives other tokens: %s', (_, order) => {
    expect(byOrder(order)).not.toEqual(ids)
  })

  test.each(['plain', 'trees', 'device trees', 'device topology'])(
    'log-probabilities are those of the logits of the model, whatever else decides: %s',
    async (strategy) => {
      for (const more of [{ processors }, { processors: [pairsOnDevice] }, { constraint: undefined as never }, {}]) {
        const request = { ...options, ...more, strategy }
        const found = await engine.complete(prompt, request)
        const expected = await plain.complete(prompt, { ...options, ...more })
        expect(found.ids).toEqual(expected.ids)
        expect(found.tokens.map(({ logProb }) => logProb)).toEqual(expected.tokens.map(({ logProb }) => logProb))
        if (found.ids.join() !== ids.join()) continue
        for (const [i, { id, logProb }] of found.tokens.entries())
          expect(logProb).toBeCloseTo(Math.log(softmax(Array.from(own32[i] as Float32Array))[id] as number), 5)
      }
    },
  )
})

/** The stages with two of them in each other's place. */
function swapped(one: Stage, other: Stage): readonly Stage[] {
  return stages.map((stage) => (stage === one ? other : stage === other ? one : stage))
}

describe('errors', async () => {
  const engine = await engineOn(folder)
  const { liveBytes } = engine.backend.stats
  const fails = async (processor: object) => {
    const processors = [{ specVersion: 1, name: 'bad', ...processor } as LogitsProcessor]
    const error = await failure(() => engine.complete(prompt, { maxTokens: 5, processors }))
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
    return error
  }
  const broken = () => {
    throw new Error('no luck')
  }

  test.each<readonly [string, object, RegExp]>([
    ['throws', { host: { process: broken } }, /processor bad failed: Error: no luck/],
    ['gives a promise', { host: { process: async () => {} } }, /processor bad gave a promise/],
    ['gives a promise that is rejected', { host: { process: async () => broken() } }, /processor bad gave a promise/],
    ['cannot start', { device: { start: broken } }, /processor bad failed: Error: no luck/],
    ['cannot record', { device: { start: () => ({ record: broken }) } }, /processor bad failed: Error: no luck/],
  ])('one that %s is named', async (_, processor, message) => {
    expect(await fails(processor)).toMatchObject({
      code: 'PROCESSOR_FAILED',
      message: expect.stringMatching(message),
    })
  })

  test('another version of the contract is refused', async () => {
    expect((await fails({ specVersion: 2, host: { process: () => {} } })).code).toBe('STRATEGY_VERSION')
  })

  test('what one on the device allocated is freed with its session, also where the next one fails', async () => {
    const device = {
      start: (backend: Engine['backend']) => {
        const kept = backend.tensor([64], 'f32', 'kept')
        return { record: () => {}, dispose: () => kept.dispose() }
      },
    }
    const taking: LogitsProcessor = { specVersion: 1, name: 'taking', device }
    await engine.complete(prompt, { maxTokens: 5, processors: [taking] })
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
    const next: LogitsProcessor = { specVersion: 1, name: 'next', device: { start: broken } }
    const error = await failure(() => engine.complete(prompt, { maxTokens: 5, processors: [taking, next] }))
    expect(error.message).toContain('next')
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  })

  test('not a number is no choice, and where nothing is left it says so', async () => {
    const setting = (change: (logits: Float32Array) => void): LogitsProcessor => ({
      specVersion: 1,
      name: 'setting',
      host: { process: ({ logits }) => change(logits) },
    })
    const never = (value: number) =>
      engine.complete(prompt, { ...drawn, topP: 0.9, processors: [setting((logits) => logits.fill(value, 0, 40))] })
    expect((await never(Number.NaN)).ids).toEqual((await never(Number.NEGATIVE_INFINITY)).ids)
    const nothing = setting((logits) => logits.fill(Number.NaN))
    expect((await failure(() => engine.complete(prompt, { processors: [nothing] }))).code).toBe('LOGITS_NOT_FINITE')
  })
})
