import { createEngine, type ErrorCode } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { failure } from '../../core/test/support/engines'
import { drill, recoveryDrill } from '../../core/test/support/fault-drill'
import { faultyCalls } from '../../core/test/support/faulty-backend'
import type { SafeTensor } from '../../core/test/support/safetensors-file'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { type MtpOptions, mtp } from '../src'
import { asMimo, asQwen, named, storiesModule, storiesTarget, writeModules } from './modules'
import { stored, tinyModule, tinyTarget } from './tiny-modules'

const module = await storiesModule()
const at = (number: number, tensors = module) => named(tensors, (name) => `model.layers.${number}.${name}`)
const without = (name: string) => at(0).filter((tensor) => tensor.name !== `model.layers.0.${name}`)
const zeros = (name: string, ...shape: number[]): SafeTensor => ({
  name,
  dtype: 'F16',
  shape,
  data: new Uint8Array(2 * shape.reduce((a, b) => a * b)),
})
const config = {
  hidden_size: 256,
  num_hidden_layers: 6,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 32,
  intermediate_size: 688,
  vocab_size: 2048,
  rms_norm_eps: 1e-5,
}

/** Loads a module for stories-5m; nothing may stay on the device. */
async function load(head: string, options: Partial<MtpOptions> = {}, model = 'models/stories-5m') {
  const backend = referenceBackend()
  const strategies = [mtp({ head, ...options })]
  const error = await failure(() => createEngine({ backend, model, capacity: 50, selfCheck: false, strategies }))
  expect(backend.stats.liveBytes).toBe(0)
  return error
}

type Bad = readonly [
  what: string,
  code: ErrorCode,
  message: RegExp,
  tensors: readonly SafeTensor[],
  config?: Readonly<Record<string, unknown>>,
]

const bad: readonly Bad[] = [
  ['without a module', 'UNSUPPORTED_ARCHITECTURE', /no MTP module.*DeepSeek-V3/, await storiesTarget()],
  ['of another target, by its number', 'UNSUPPORTED_CONFIG', /layer 30.*6 layers/, at(30)],
  ['with one of three missing', 'TENSOR_MISSING', /modules 0,2/, [...at(0), ...at(2)]],
  ['without a norm', 'TENSOR_MISSING', /layers\.0\.hnorm/, without('hnorm.weight')],
  ['without its layer', 'TENSOR_MISSING', /gate_proj/, without('mlp.gate_proj.weight')],
  [
    'with a projection of one half',
    'TENSOR_SHAPE',
    /eh_proj\.weight is \[256, 256\]/,
    [...without('eh_proj.weight'), zeros('model.layers.0.eh_proj.weight', 256, 256)],
  ],
  [
    'with a mixture of experts',
    'UNSUPPORTED_ARCHITECTURE',
    /mixture of experts/,
    [...at(0), zeros('model.layers.0.mlp.experts.0.gate_proj.weight', 8, 256)],
  ],
  [
    'with shared experts, in Qwen3-Next’s names',
    'UNSUPPORTED_ARCHITECTURE',
    /mixture of experts/,
    [...asQwen(module, 0), zeros('mtp.layers.0.mlp.shared_expert.up_proj.weight', 8, 256)],
  ],
  [
    'with latent attention',
    'UNSUPPORTED_ARCHITECTURE',
    /latent attention/,
    [...at(0), zeros('model.layers.0.self_attn.kv_a_proj_with_mqa.weight', 8, 256)],
  ],
  [
    'with gated attention',
    'UNSUPPORTED_ARCHITECTURE',
    /gated attention/,
    asQwen(module, 0),
    { attn_output_gate: true },
  ],
  [
    'with a part that nothing reads',
    'UNSUPPORTED_CONFIG',
    /no use for model\.mtp_layers\.0\.self_attn\.sinks/,
    [...asMimo(module, 0), zeros('model.mtp_layers.0.self_attn.sinks', 8)],
  ],
  [
    'with a part of the rotary embedding',
    'UNSUPPORTED_CONFIG',
    /partial_rotary_factor/,
    at(0),
    { ...config, partial_rotary_factor: 0.5 },
  ],
  [
    'of another hidden size',
    'TENSOR_SHAPE',
    /hidden size is 128, the target's 256/,
    at(0),
    { ...config, hidden_size: 128 },
  ],
  ['of another vocabulary', 'VOCABULARY_MISMATCH', /names 2000 tokens.*2048/, at(0), { ...config, vocab_size: 2000 }],
  [
    'with an LM head of another vocabulary',
    'VOCABULARY_MISMATCH',
    /shared_head\.head\.weight has 2049 tokens/,
    [...at(0), zeros('model.layers.0.shared_head.head.weight', 2049, 256)],
  ],
]

describe('modules that do not fit are refused, with what is wrong', () => {
  test.each(bad.map((each) => ({ what: each[0], each })))('$what', async ({ each }) => {
    const [, code, message, tensors, settings = null] = each
    const error = await load(await writeModules(tensors, settings))
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('for a target of another hidden size', async () => {
    const error = await load('models/stories-5m/mtp', {}, await writeTinyModel({ config: { num_hidden_layers: 6 } }))
    expect(error).toMatchObject({ code: 'TENSOR_SHAPE', message: expect.stringMatching(/256, the target's 64/) })
  })

  test('that are not there', async () => {
    expect((await load('./no-such-module')).code).toBe('FILE_NOT_FOUND')
  })
})

describe('options that the modules cannot follow', async () => {
  const three = await writeModules([...at(0), ...at(1), ...at(2)])
  const trunk = await writeModules(
    named(
      module.filter(({ name }) => /self_attn|mlp|layernorm/.test(name)),
      (name) => `extra_heads.0.${name}`,
    ),
  )
  test.each<[string, Partial<MtpOptions>, RegExp]>([
    ['models/stories-5m/mtp', { modules: 2 }, /2 modules are wanted.*has 1/],
    [three, { tokens: 4 }, /4 tokens need as many modules/],
    [three, { branches: [2, 1] }, /modules: 1/],
    [trunk, { tokens: 2 }, /2 tokens need as many modules/],
    [trunk, { recycled: 'normed' }, /leave fed and recycled away/],
  ])('%s %o', async (head, options, message) => {
    expect(await load(head, options)).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(message),
    })
  })

  test.each([
    { tokens: 0 },
    { tokens: 1.5 },
    { tokens: 33 },
    { modules: 0 },
    { tokens: 2, branches: [1] },
    { branches: [] },
    { branches: [33] },
    { choices: [[-1]] },
    { choices: [] },
    { fed: 'raw' },
    { recycled: 'raw' },
  ])('%o', async (options) => {
    expect((await failure(() => mtp({ head: 'anywhere', ...(options as Partial<MtpOptions>) }))).code).toBe(
      'INVALID_OPTION',
    )
  })

  test('a rank beyond the vocabulary', async () => {
    const few = await writeTinyModel({ config: { vocab_size: 8 } })
    const head = await writeModules(at(0, stored(await tinyModule(1))))
    expect((await load(head, { choices: [[8]] }, few)).code).toBe('INVALID_OPTION')
  })
})

describe('with modules of a tiny model', async () => {
  const target = await tinyTarget(5)
  const modules = await Promise.all([11, 12].map(tinyModule))
  const head = await writeModules(modules.flatMap((each, number) => at(number, stored(each))))
  const trunk = await writeModules(
    modules.flatMap((each, number) =>
      named(
        stored(each).filter(({ name }) => /self_attn|mlp|layernorm/.test(name)),
        (name) => `extra_heads.${number}.${name}`,
      ),
    ),
  )
  const strategies = [
    mtp({ head, modules: 1, name: 'tree', branches: [2, 1] }),
    mtp({ head, name: 'each' }),
    mtp({ head: trunk, name: 'trunk', choices: [[0], [1], [0, 1]] }),
  ]

  describe.each(faultyCalls)('when a %s fails', (call) => {
    test('anywhere from loading to the last token, that error comes out and nothing stays', async () => {
      expect(
        await drill(call, target.folder, strategies, call === 'write' || call === 'tensor' ? 3 : 1),
      ).toBeGreaterThan(4)
    })

    if (call !== 'weight')
      test('in a generation, the next one is whole', () => recoveryDrill(call, target.folder, strategies))
  })
})
