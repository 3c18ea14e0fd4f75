import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type AcceptanceRule,
  type Backend,
  createEngine,
  createKvCache,
  type DeviceDraft,
  type EngineOptions,
  type HostDraft,
  OutriderError,
  type Strategy,
  tokens,
} from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { ContainerModule } from 'inversify'
import { describe, expect, test } from 'vitest'
import { engineOn, failure, tinyEngine } from './support/engines'
import { oracle, proposing, silent, strategyOf } from './support/strategies'
import { type TinyOptions, type TinyTensor, writeTinyModel } from './support/tiny-model'

const folder = await writeTinyModel()

/** The error that loading ends with; nothing may be left on the device. */
async function loading(model: string, options: Partial<EngineOptions> = {}): Promise<OutriderError> {
  const backend = referenceBackend()
  const error = await failure(() => createEngine({ capacity: 100, ...options, backend, model }))
  expect(backend.stats.liveBytes).toBe(0)
  return error
}

const tensor = (tensors: Map<string, TinyTensor>, name: string): TinyTensor => tensors.get(name) as TinyTensor

/** An `edit` that states another shape for the same values. */
const reshape = (name: string, shape: number[]) => (tensors: Map<string, TinyTensor>) => {
  tensor(tensors, name).shape = shape
}

describe('checkpoints', () => {
  const layer = 'model.layers.1'
  test.each<[string, TinyOptions]>([
    ['FILE_TRUNCATED', { bytes: 100_000 }],
    ['FILE_TRUNCATED', { bytes: 5 }],
    ['TENSOR_MISSING', { edit: (all) => void all.delete(`${layer}.mlp.up_proj.weight`) }],
    ['TENSOR_MISSING', { edit: (all) => void all.delete('model.norm.weight') }],
    [
      'TENSOR_MISSING',
      {
        config: { model_type: 'qwen3', architectures: ['Qwen3ForCausalLM'] },
        edit: (all) => void all.delete(`${layer}.self_attn.k_norm.weight`),
      },
    ],
    [
      'TENSOR_MISSING',
      { config: { attention_bias: true }, edit: (all) => void all.delete(`${layer}.self_attn.v_proj.bias`) },
    ],
    ['TENSOR_MISSING', { config: { tie_word_embeddings: false }, edit: (all) => void all.delete('lm_head.weight') }],
    ['TENSOR_SHAPE', { edit: reshape(`${layer}.mlp.down_proj.weight`, [96, 64]) }],
    ['TENSOR_SHAPE', { edit: reshape('model.embed_tokens.weight', [64, 61]) }],
    [
      'TENSOR_SHAPE',
      { edit: (all) => void all.set('model.norm.weight', { shape: [63], values: new Float32Array(63) }) },
    ],
    ['UNSUPPORTED_ARCHITECTURE', { config: { model_type: 'gpt2', architectures: ['GPT2LMHeadModel'] } }],
    ['UNSUPPORTED_CONFIG', { config: { rope_scaling: { rope_type: 'longrope', factor: 2 } } }],
    ['UNSUPPORTED_CONFIG', { config: { hidden_act: 'gelu' } }],
    ['UNSUPPORTED_CONFIG', { config: { num_attention_heads: 3, num_key_value_heads: 2 } }],
    ['TOKENIZER_MISMATCH', { alphabet: 'ascii', config: { vocab_size: 61 } }],
  ])('%s: %o', async (code, options) => {
    expect((await loading(await writeTinyModel(options))).code).toBe(code)
  })

  test('folders and files that are not there or are no checkpoint', async () => {
    expect((await loading('./no-such-folder')).code).toBe('FILE_NOT_FOUND')
    const broken = await writeTinyModel()
    await writeFile(join(broken, 'config.json'), '{ "architectures": [')
    expect((await loading(broken)).code).toBe('FILE_MALFORMED')
  })

  test('heads that the ops do not know', async () => {
    const error = await loading(await writeTinyModel({ config: { head_dim: 16, num_attention_heads: 4 } }))
    expect(error.code).toBe('UNSUPPORTED_CONFIG')
    expect(error.message).toContain('16')
  })
})

describe('options of createEngine', () => {
  test.each<Partial<EngineOptions>>([
    { capacity: 1 },
    { capacity: 257 },
    { capacity: 10.5 },
    { maxRows: 0 },
    { maxRows: 65 },
    { maxRows: Number.NaN },
    { strategies: [{ ...silent(), needs: { layerInputs: [3] } }] },
    { strategies: [{ ...silent(), needs: { layerInputs: [-1] } }] },
    {
      strategies: [
        { ...silent(), load: async () => ({ needs: { layerInputs: [3] }, start: () => ({ propose: () => null }) }) },
      ],
    },
  ])('INVALID_OPTION: %o', async (options) => {
    expect((await loading(folder, options)).code).toBe('INVALID_OPTION')
  })

  test('a signal that was aborted', async () => {
    expect((await loading(folder, { signal: AbortSignal.abort() })).code).toBe('ABORTED')
  })

  test('a backend that could not be made', async () => {
    const gone = new OutriderError('ADAPTER_MISSING', 'no adapter')
    await expect(createEngine({ backend: Promise.reject(gone), model: folder })).rejects.toBe(gone)
  })

  test('modules replace bindings, or are refused', async () => {
    const rule: AcceptanceRule = {
      specVersion: 1,
      name: 'seven',
      guarantee: 'lossy',
      host: { decide: () => ({ path: [], next: 7 }) },
    }
    const module = new ContainerModule(({ rebind }) => void rebind(tokens.defaultRule).toConstantValue(rule))
    const engine = await engineOn(folder, { modules: [module] })
    expect((await engine.complete([3], { maxTokens: 3 })).ids).toEqual([7, 7, 7])
    const twice = new ContainerModule(({ bind }) => void bind(tokens.defaultRule).toConstantValue(rule))
    expect((await loading(folder, { modules: [twice] })).code).toBe('WIRING_FAILED')
    const none = new ContainerModule(({ unbind }) => unbind(tokens.model))
    expect((await loading(folder, { modules: [none] })).code).toBe('WIRING_FAILED')
  })
})

describe('strategies', () => {
  test('names are unique, and plain is taken', async () => {
    expect((await loading(folder, { strategies: [silent(), silent()] })).code).toBe('STRATEGY_DUPLICATE')
    expect((await loading(folder, { strategies: [{ ...silent(), name: 'plain' }] })).code).toBe('STRATEGY_DUPLICATE')
  })

  test('another contract version is refused', async () => {
    const future = { ...silent(), specVersion: 2 } as unknown as Strategy
    expect((await loading(folder, { strategies: [future] })).code).toBe('STRATEGY_VERSION')
  })

  test('an error at load passes, with the name where it is not our own, and frees models that were loaded', async () => {
    const cause = new TypeError('head.bin is empty')
    const failing = (error: unknown): Strategy => ({
      ...silent(),
      name: 'failing',
      load: async (host) => {
        await host.loadModel(folder)
        throw error
      },
    })
    let freed = 0
    const before: Strategy = {
      ...silent(),
      load: async () => ({ start: () => ({ propose: () => null }), dispose: () => void freed++ }),
    }
    const error = await loading(folder, { strategies: [before, failing(cause)] })
    expect(error).toMatchObject({ code: 'STRATEGY_FAILED', details: { strategy: 'failing' }, cause })
    expect(error.message).toContain('head.bin is empty')
    expect(freed).toBe(1)
    const own = new OutriderError('UNSUPPORTED_FORMAT', 'mine')
    expect(await loading(folder, { strategies: [failing(own)] })).toBe(own)
    expect((await loading(folder, { strategies: [{ ...silent(), load: () => Promise.reject('text') }] })).code).toBe(
      'STRATEGY_FAILED',
    )
  })

  test('one that fails to let go does not keep the others from it', async () => {
    const backend = referenceBackend()
    const stubborn: Strategy = {
      ...silent(),
      load: async () => ({
        start: () => ({
          propose: () => null,
          dispose: () => {
            throw new Error('held')
          },
        }),
        dispose: () => {
          throw new Error('kept')
        },
      }),
    }
    const engine = await createEngine({ backend, model: folder, capacity: 50, strategies: [stubborn] })
    await expect(engine.complete([3], { strategy: 'silent', maxTokens: 2 })).rejects.toThrow('held')
    await expect(engine.dispose()).rejects.toThrow('kept')
    expect(backend.stats.liveBytes).toBe(0)
  })
})

describe('drafts', () => {
  /** The error of a round whose draft is this; the engine goes on afterwards. */
  async function refused(draft: HostDraft | DeviceDraft, maxTokens = 20): Promise<OutriderError> {
    const engine = await engineOn(folder, {
      maxRows: 8,
      strategies: [strategyOf('bad', () => ({ propose: () => draft }))],
    })
    const { liveBytes } = engine.backend.stats
    const error = await failure(() => engine.complete([3, 4], { strategy: 'bad', maxTokens, ignoreEos: true }))
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
    expect(error.message).toContain('bad')
    expect((await engine.complete([3, 4], { maxTokens: 2 })).ids.length).toBeGreaterThan(0)
    return error
  }

  test.each<[string, number[], number[]]>([
    ['TREE_TOO_LARGE', [1, 2, 3, 4, 5, 6, 7, 8], [-1, -1, -1, -1, -1, -1, -1, -1]],
    ['TREE_TOO_LARGE', [1, 2, 3, 4, 5, 6, 7, 8], [-1, 0, 1, 2, 3, 4, 5, 6]],
    ['TREE_MALFORMED', [1, 2], [1, 0]],
    ['TREE_MALFORMED', [1, 2], [1, -1]],
    ['TREE_MALFORMED', [1], [0]],
    ['TREE_MALFORMED', [1], [-2]],
    ['TREE_MALFORMED', [1, 2], [-1, Number.NaN]],
    ['TREE_MALFORMED', [5, 5], [-1, -1]],
    ['TREE_MALFORMED', [61], [-1]],
    ['TREE_MALFORMED', [-1], [-1]],
    ['TREE_MALFORMED', [1.5], [-1]],
    ['TREE_MALFORMED', [1, 2], [-1]],
  ])('%s: tokens %j below %j', async (code, ids, parents) => {
    expect((await refused({ tokens: ids, parents })).code).toBe(code)
  })

  test('deeper than what is left to generate', async () => {
    expect((await refused({ tokens: [1, 2, 3], parents: [-1, 0, 1] }, 3)).code).toBe('TREE_TOO_LARGE')
  })

  test.each<[string, number, number[] | null]>([
    ['TREE_TOO_LARGE', 8, null],
    ['TREE_TOO_LARGE', -1, null],
    ['TREE_TOO_LARGE', 8, [-1, 0, 1, 2, 3, 4, 5, 6]],
    ['TREE_MALFORMED', 2, [-1]],
    ['TREE_MALFORMED', 2, [1, -1]],
    ['TREE_MALFORMED', 1, [0]],
  ])('%s on the device: %i nodes below %j', async (code, nodes, parents) => {
    expect((await refused({ programs: [], nodes, parents })).code).toBe(code)
  })

  test('errors of a proposer carry its name, wherever they come from', async () => {
    const fail = () => {
      throw new Error('lost my notes')
    }
    const propose = () => null
    const faults: Strategy[] = [
      strategyOf('start', fail),
      strategyOf('propose', () => ({ propose: async () => fail() })),
      strategyOf('follow', () => ({ propose, follow: fail })),
      strategyOf('observe', () => ({ propose, observe: async () => fail() })),
      strategyOf('truncate', () => ({ propose, truncate: fail })),
      strategyOf('truncate beyond', () => ({ propose, truncate: (length) => length + 1 })),
      strategyOf('truncate below', () => ({ propose, truncate: () => -1 })),
    ]
    const engine = await engineOn(folder, { strategies: faults })
    const { liveBytes } = engine.backend.stats
    for (const { name } of faults) {
      const error = await failure(() => engine.complete([3, 4], { strategy: name, maxTokens: 3 }))
      expect(error).toMatchObject({ code: 'STRATEGY_FAILED', details: { strategy: name } })
      if (!name.startsWith('truncate ')) expect(error.message).toContain('lost my notes')
      expect(engine.backend.stats.liveBytes).toBe(liveBytes)
    }
  })
})

describe('acceptance rules on the host', () => {
  const rule = (decide: () => { path: readonly number[]; next: number }, name = 'odd'): AcceptanceRule => ({
    specVersion: 1,
    name,
    guarantee: 'lossy',
    host: { decide },
  })
  const tree = proposing('tree', () => ({ tokens: [1, 2, 3], parents: [-1, 0, -1] }))

  test.each<[string, number[], number]>([
    ['no child of the pending token', [1], 3],
    ['no child of the node before', [0, 2], 3],
    ['no node', [3], 3],
    ['no node', [-1], 3],
    ['no token', [], 61],
    ['no token', [0], 2.5],
  ])('%s: path %j, then %d', async (_, path, next) => {
    const engine = await engineOn(folder, { strategies: [tree] })
    const { liveBytes } = engine.backend.stats
    const acceptance = rule(() => ({ path, next }))
    const error = await failure(() => engine.complete([3], { strategy: 'tree', acceptance, maxTokens: 9 }))
    expect(error).toMatchObject({ code: 'ACCEPTANCE_FAILED', details: { rule: 'odd' } })
    expect(engine.backend.stats.liveBytes).toBe(liveBytes)
  })

  test('what it accepts is kept', async () => {
    const engine = await engineOn(folder, { strategies: [tree] })
    const acceptance = rule(() => ({ path: [0, 1], next: 9 }))
    const { ids } = await engine.complete([3], { strategy: 'tree', acceptance, maxTokens: 6, ignoreEos: true })
    expect(ids).toEqual([1, 2, 9, 1, 2, 9])
  })

  test('its own error carries its name; no token is a broken model; another version is refused', async () => {
    const engine = await engineOn(folder)
    const run = (acceptance: AcceptanceRule) => failure(() => engine.complete([3], { acceptance }))
    const throwing = rule(() => {
      throw new Error('cannot decide')
    })
    expect(await run(throwing)).toMatchObject({ code: 'ACCEPTANCE_FAILED', message: expect.stringContaining('decide') })
    expect((await run(rule(() => ({ path: [], next: -1 })))).code).toBe('LOGITS_NOT_FINITE')
    const future = { ...rule(() => ({ path: [], next: 1 })), specVersion: 2 } as unknown as AcceptanceRule
    expect((await run(future)).code).toBe('STRATEGY_VERSION')
  })
})

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
  ])('INVALID_OPTION: %o', async (options) => {
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
