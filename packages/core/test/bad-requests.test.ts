import { type Backend, createEngine, createKvCache, type GenerateOptions } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { engineOn, failure, tinyEngine } from './support/engines'
import { oracle, silent } from './support/strategies'
import { type TinyTensor, writeTinyModel } from './support/tiny-model'

const folder = await writeTinyModel()

const tensor = (tensors: Map<string, TinyTensor>, name: string): TinyTensor => tensors.get(name) as TinyTensor

describe('requests', () => {
  test('prompts', async () => {
    const engine = await engineOn(folder, { capacity: 20 })
    const { liveBytes } = engine.backend.stats
    const code = async (prompt: string | number[]) => (await failure(() => engine.complete(prompt))).code
    expect(await code([])).toBe('PROMPT_EMPTY')
    expect(await code(new Array(21).fill(5))).toBe('PROMPT_TOO_LONG')
    for (const id of [61, -1, 1.5, Number.NaN]) expect(await code([3, id])).toBe('INVALID_OPTION')
    expect(await code('text')).toBe('TOKENIZER_MISSING')
    const ascii = await tinyEngine({ alphabet: 'ascii' })
    expect((await failure(() => ascii.complete(''))).code).toBe('PROMPT_EMPTY')
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  })

  test.each([
    { maxTokens: 0 },
    { maxTokens: -3 },
    { maxTokens: 1.5 },
    { maxTokens: Number.NaN },
    { stop: '' },
    { stop: ['a', ''] },
    { stopTokens: [-1] },
    { stopTokens: [0.5] },
    ...[{ stop: 5 }, { stop: [5] }, { stopTokens: 5 }, { bannedTokens: {} }, { processors: {} }].map(
      (malformed) => malformed as unknown as GenerateOptions,
    ),
  ] as readonly GenerateOptions[])('INVALID_OPTION: %o', async (options) => {
    const engine = await tinyEngine({ alphabet: 'ascii' })
    expect((await failure(() => engine.complete('hm', options))).code).toBe('INVALID_OPTION')
  })

  test('stop texts without a tokenizer, and a strategy that is not there', async () => {
    const engine = await engineOn(folder, { strategies: [silent()] })
    const { liveBytes } = engine.backend.stats
    expect((await failure(() => engine.complete([3], { stop: 'a' }))).code).toBe('TOKENIZER_MISSING')
    const unknown = await failure(() => engine.complete([3], { strategy: 'eagle' }))
    expect(unknown).toMatchObject({ code: 'STRATEGY_UNKNOWN', details: { name: 'eagle', known: ['plain', 'silent'] } })
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  })

  test.each(['plain', 'oracle'])('a model whose weights are not numbers, with %s', async (strategy) => {
    const edit = (all: Map<string, TinyTensor>) =>
      void tensor(all, 'model.layers.0.mlp.up_proj.weight').values.fill(Number.NaN)
    const engine = await tinyEngine({ edit }, { strategies: [oracle([3, 4, 5, 6], 2)] })
    const { liveBytes } = engine.backend.stats
    expect((await failure(() => engine.complete([3], { strategy }))).code).toBe('LOGITS_NOT_FINITE')
    expect((await failure(() => engine.complete([3, 4, 5], { strategy }))).code).toBe('LOGITS_NOT_FINITE')
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  })
})

describe('use after disposal', () => {
  const disposed = async (work: () => unknown) => expect((await failure(work)).code).toBe('DISPOSED')

  test('engine', async () => {
    const engine = await engineOn(folder)
    await engine.dispose()
    await disposed(() => engine.complete([3]))
    await engine.dispose()
    expect(engine.backend.stats.liveBytes).toBe(0)
  })

  test('an engine whose backend went first', async () => {
    const backend = referenceBackend()
    const engine = await createEngine({ backend, model: folder, capacity: 50, selfCheck: false })
    backend.dispose()
    expect(backend.stats.liveBytes).toBe(0)
    await disposed(() => engine.complete([3]))
    await disposed(() => createEngine({ backend, model: folder }))
    await engine.dispose()
    expect(backend.stats.liveBytes).toBe(0)
  })

  test('tensors, weights, programs and the backend itself', async () => {
    const backend = referenceBackend()
    const make = (each: Backend) => each.tensor([2, 64], 'f32', 'x')
    const [a, b] = [make(backend), make(backend)]
    const source = {
      name: 'w',
      shape: [64, 64] as const,
      format: 'f32' as const,
      rows: async (from: number, to: number) => new Uint8Array((to - from) * 64 * 4),
    }
    const weight = await backend.weight(source, 'w')
    const add = backend.program('add', (ops) => ops.add({ a, b: a, out: b, rows: 2 }))
    const multiply = backend.program('multiply', (ops) => ops.linear({ x: a, weight, out: b, rows: 2 }))
    await backend.submit([add, multiply], [b])
    weight.dispose()
    await disposed(() => backend.submit([multiply]))
    b.dispose()
    b.dispose()
    await disposed(() => backend.submit([add]))
    await disposed(() => backend.submit([], [b]))
    await disposed(() => backend.write(b, new Float32Array(1)))
    add.dispose()
    await disposed(() => backend.submit([add]))
    expect(backend.stats.liveBytes).toBe(a.bytes)
    backend.dispose()
    expect(backend.stats.liveBytes).toBe(0)
    await disposed(() => make(backend))
    await disposed(() => backend.weight(source, 'w'))
    await disposed(() => backend.program('none', () => {}))
    await disposed(() => backend.submit([]))
    await disposed(() => backend.write(a, new Float32Array(1)))
  })
})

describe('the reference backend', () => {
  test('refuses sizes, writes and tensors that do not fit', async () => {
    const [backend, other] = [referenceBackend(), referenceBackend()]
    const code = async (work: () => unknown) => (await failure(work)).code
    expect(await code(() => backend.tensor([2, 0], 'f32', 'x'))).toBe('SHAPE_MISMATCH')
    expect(await code(() => backend.tensor([1.5], 'f32', 'x'))).toBe('SHAPE_MISMATCH')
    expect(await code(() => backend.tensor([2 ** 30], 'f32', 'x'))).toBe('DEVICE_LACKS')
    const x = backend.tensor([4], 'f32', 'x')
    expect(await code(() => backend.write(x, new Float32Array(3), 2))).toBe('SHAPE_MISMATCH')
    expect(await code(() => backend.write(x, new Float32Array(1), -1))).toBe('SHAPE_MISMATCH')
    const foreign = { ...other.tensor([4, 2], 'f32', 'y') }
    const mine = backend.tensor([4, 2], 'f32', 'z')
    const program = () => backend.program('add', (ops) => ops.add({ a: mine, b: foreign, out: mine, rows: 4 }))
    expect(await code(() => backend.submit([program()]))).toBe('SHAPE_MISMATCH')
    const shape = { layers: 2, kvHeads: 2 ** 20, headDim: 32 }
    expect(await code(() => createKvCache(backend, shape, 128, 'large'))).toBe('DEVICE_LACKS')
    backend.dispose()
    other.dispose()
  })
})
