import { chain, type DecoderModel, loadDecoder, openCheckpoint, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, describe, expect, test } from 'vitest'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { ModelProbe } from '../../../verify/src/model-probe'
import type { TinyTensor } from '../../core/test/support/tiny-model'
import { mtp } from '../src'
import { asMimo, asQwen, named, writeModules } from './modules'
import { type PlainModule, plainLogProbs, plainStates } from './plain-module'
import { stored, tinyModule, tinyTarget } from './tiny-modules'

const backend = referenceBackend()
const target = await tinyTarget(5)
const modules = await Promise.all([11, 12, 13].map(tinyModule))
const text = Array.from({ length: 14 }, (_, i) => (i * 13 + 5) % 61)
const checkpoint = await openCheckpoint(target.folder)
const decoder: DecoderModel = await loadDecoder(backend, checkpoint, { slots: 80, maxRows: 16 })
await checkpoint.close()

afterAll(() => {
  decoder.dispose()
  expect(backend.stats.liveBytes).toBe(0)
})

type Vector = readonly number[]

/** The target's states after its final norm at each position of `tokens` but the last. */
async function targetStates(tokens: readonly number[]): Promise<Vector[]> {
  const probe = new ModelProbe(backend, decoder, 80, 16)
  try {
    const states: Vector[] = []
    for (let length = 1; length < tokens.length; length++) {
      await probe.start(tokens.slice(0, length))
      states.push([...((await probe.tree(chain([]))).finalHidden[0] as Float32Array)])
    }
    return states
  } finally {
    probe.dispose()
  }
}

/** Log-probabilities of each of `steps` tokens, the most likely each time, of one module on its own states. */
async function again(module: PlainModule, tokens: readonly number[], steps: number): Promise<Vector[]> {
  const [states, after] = [await targetStates(tokens), tokens.slice(1)]
  return Array.from({ length: steps }, () => {
    const last = plainStates(module, target.tensors, states, after).at(-1) as Vector
    const logProbs = plainLogProbs(target.tensors, last)
    states.push(last)
    after.push(best(logProbs))
    return logProbs
  })
}

/** The same of one module a token, each on the states of the one before it. */
async function each(parts: readonly PlainModule[], tokens: readonly number[]): Promise<Vector[]> {
  const after = [...tokens]
  let states = await targetStates(tokens)
  return parts.map((module, depth) => {
    states = plainStates(module, target.tensors, states, after.slice(1 + depth))
    const logProbs = plainLogProbs(target.tensors, states.at(-1) as Vector)
    after.push(best(logProbs))
    return logProbs
  })
}

function best(logProbs: Vector): number {
  return logProbs.indexOf(logProbs.reduce((a, b) => Math.max(a, b)))
}

const deepseek = (tensors: ReadonlyMap<string, TinyTensor>): PlainModule => ({
  tensors,
  first: 'embedding',
  zeroesFirst: false,
})

/** What is drafted with all but the last of `tokens` prefilled, in chunks of at most 16. */
async function probed(strategy: Strategy, tokens: readonly number[], steps: number) {
  const probe = await DraftProbe.open({ backend, model: target.folder, strategy, maxRows: 16, capacity: 60 })
  try {
    await probe.start(tokens)
    return await probe.draft({ nodes: steps, depth: steps })
  } finally {
    await probe.dispose()
  }
}

async function compare(strategy: Strategy, tokens: readonly number[], wanted: readonly Vector[]): Promise<void> {
  const { tree, steps } = await probed(strategy, tokens, wanted.length)
  expect(tree.tokens).toEqual(wanted.map(best))
  for (const [i, logProbs] of wanted.entries())
    for (const [j, id] of (steps[i]?.ids ?? []).entries())
      expect(Math.abs((steps[i]?.logProbs[j] as number) - (logProbs[id] as number))).toBeLessThan(1e-4)
  expect(steps).toHaveLength(wanted.length)
}

const [first] = modules as [ReadonlyMap<string, TinyTensor>]

describe('one module for every token follows its formula', () => {
  test.each([2, 3, 14])('in DeepSeek’s layout, %i tokens', async (length) => {
    const head = await writeModules(named(stored(first), (name) => `model.layers.0.${name}`))
    const tokens = text.slice(0, length)
    await compare(mtp({ head, tokens: 4 }), tokens, await again(deepseek(first), tokens, 4))
  })

  test('in MiMo’s, without the embedding at position 0', async () => {
    const head = await writeModules(asMimo(stored(first), 0))
    const module = { tensors: first, first: 'embedding', zeroesFirst: true } as const
    await compare(mtp({ head, tokens: 3 }), text, await again(module, text, 3))
  })

  test('in Qwen3-Next’s', async () => {
    const head = await writeModules(asQwen(stored(first), 0))
    await compare(mtp({ head, tokens: 3 }), text, await again(deepseek(first), text, 3))
  })
})

describe('one module a token follows its formula', async () => {
  const head = await writeModules(
    modules.flatMap((module, number) => named(stored(module), (name) => `model.layers.${number}.${name}`)),
  )
  const parts = modules.map(deepseek)

  test.each([4, 5, 14])('%i tokens', async (length) => {
    const tokens = text.slice(0, length)
    await compare(mtp({ head }), tokens, await each(parts, tokens))
  })

  test.each([2, 3])('%i tokens, too few for all modules', async (length) => {
    const tokens = text.slice(0, length)
    await compare(mtp({ head }), tokens, await each(parts.slice(0, length - 1), tokens))
  })

  test('prefilled row by row, and after going back', async () => {
    const wanted = await each(parts, text)
    const probe = await DraftProbe.open({
      backend,
      model: target.folder,
      strategy: mtp({ head }),
      maxRows: 16,
      capacity: 60,
    })
    try {
      await probe.start(text.slice(0, 1))
      for (let length = 1; length < text.length; length++) {
        await probe.extend(text.slice(length, length + 1))
        await probe.draft({ nodes: 3, depth: 3 })
      }
      expect((await probe.draft({ nodes: 3, depth: 3 })).tree.tokens).toEqual(wanted.map(best))
    } finally {
      await probe.dispose()
    }
  })
})
