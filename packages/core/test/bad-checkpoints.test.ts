import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AcceptanceRule, createEngine, type EngineOptions, OutriderError, tokens } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { ContainerModule } from 'inversify'
import { describe, expect, test } from 'vitest'
import { engineOn, failure } from './support/engines'
import { silent } from './support/strategies'
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
    { maxRows: 257 },
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

  test('logits of more rows than the device binds at once', async () => {
    const real = referenceBackend()
    const maxTensorBytes = 4 * 3000 * 20 + 17
    const backend = new Proxy(real, {
      get: (target, key) => {
        if (key === 'info') return { ...target.info, maxTensorBytes }
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const model = await writeTinyModel({ config: { vocab_size: 3000 } })
    const error = await failure(() => createEngine({ backend, model, capacity: 100 }))
    expect(error.code).toBe('DEVICE_LACKS')
    expect(error.message).toMatch(/64 rows over 3000 tokens take 768000 bytes.*lower maxRows to 20 or less/)
    expect(real.stats.liveBytes).toBe(0)
    const engine = await createEngine({ backend, model, capacity: 100, maxRows: 20, selfCheck: false })
    expect((await engine.complete([5], { maxTokens: 2, ignoreEos: true })).ids).toHaveLength(2)
    await engine.dispose()
    expect(real.stats.liveBytes).toBe(0)
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
