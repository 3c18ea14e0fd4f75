import { createEngine, type ErrorCode } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { failure } from '../../core/test/support/engines'
import { drill, recoveryDrill } from '../../core/test/support/fault-drill'
import { faultyCalls } from '../../core/test/support/faulty-backend'
import { tinyConfig, writeTinyModel } from '../../core/test/support/tiny-model'
import { type EagleOptions, eagle } from '../src'
import { booleans, type HeadParts, type HeadTensors, headTensors, int64, tinyHeadConfig, writeHead } from './tiny-head'

const target = await writeTinyModel({ config: { num_hidden_layers: 5 } })
const third: HeadParts = { kind: 3 }
const first: HeadParts = { kind: 1 }
const firstConfig = { ...tinyHeadConfig, architectures: ['LlamaForCausalLMEagle'] }

/** The error that loading a head for the tiny target ends with; nothing may stay on the device. */
async function load(head: string, options: Partial<EagleOptions> = {}, model = target) {
  const backend = referenceBackend()
  const strategies = [eagle({ head, ...options })]
  const error = await failure(() => createEngine({ backend, model, capacity: 50, selfCheck: false, strategies }))
  expect(backend.stats.liveBytes).toBe(0)
  return error
}

function without(parts: HeadParts, name: string): HeadTensors {
  const tensors = headTensors(parts)
  expect(tensors.delete(name)).toBe(true)
  return tensors
}

function renamed(parts: HeadParts, from: string, to: string): HeadTensors {
  return new Map([...headTensors(parts)].map(([name, tensor]) => [name.replace(from, to), tensor]))
}

interface Bad {
  readonly tensors: HeadTensors
  readonly config?: Readonly<Record<string, unknown>> | null
  readonly more?: readonly ReturnType<typeof int64>[]
  readonly options?: Partial<EagleOptions>
  readonly code: ErrorCode
  /** What the message must say: what is wrong, and what to do. */
  readonly says: readonly (string | RegExp)[]
}

const small = Array.from({ length: 20 }, (_, row) => 2 * row)
const offsets = small.map((id, row) => id - row)
const mapped = headTensors({ kind: 3, vocab: 20 })
const d2t = (change: Readonly<Record<number, number>>) => [
  int64(
    'd2t',
    offsets.map((offset, row) => change[row] ?? offset),
  ),
]

const bad: Readonly<Record<string, Bad>> = {
  'without a norm of its layer': {
    tensors: without(third, 'layers.0.hidden_norm.weight'),
    code: 'TENSOR_MISSING',
    says: ['layers.0.hidden_norm.weight', 'right checkpoint'],
  },
  'without fc': { tensors: without(third, 'fc.weight'), code: 'TENSOR_MISSING', says: ['fc.weight'] },
  'without the final norm': { tensors: without(third, 'norm.weight'), code: 'TENSOR_MISSING', says: ['norm.weight'] },
  'without a projection of its attention': {
    tensors: without(first, 'layers.0.self_attn.o_proj.weight'),
    config: firstConfig,
    code: 'TENSOR_MISSING',
    says: ['layers.0.self_attn.o_proj.weight'],
  },
  'without the norms that fc_norm asks for': {
    tensors: headTensors(third),
    config: { ...tinyHeadConfig, fc_norm: true },
    code: 'TENSOR_MISSING',
    says: ['fc_norm.0.weight'],
  },
  'that is no EAGLE head': {
    tensors: renamed(third, 'layers.0', 'model.blocks.0'),
    code: 'TENSOR_MISSING',
    says: ['none of the known EAGLE layouts', 'speculators', 'SafeAILab'],
  },
  'without config.json': { tensors: headTensors(third), config: null, code: 'FILE_NOT_FOUND', says: ['config.json'] },
  'with a flag that is none': {
    tensors: headTensors(third),
    config: { ...tinyHeadConfig, norm_output: 'yes' },
    code: 'FILE_MALFORMED',
    says: ['norm_output', 'true or false', '"yes"'],
  },
  'with layer ids that are none': {
    tensors: headTensors(third),
    config: { ...tinyHeadConfig, eagle_aux_hidden_state_layer_ids: ['a'] },
    code: 'FILE_MALFORMED',
    says: ['eagle_aux_hidden_state_layer_ids', 'list of layer ids'],
  },
  'of EAGLE-3 for a target of another hidden size': {
    tensors: new Map([...headTensors(third), ['fc.weight', wide(64, 3 * 96)]]),
    config: { ...tinyHeadConfig, target_hidden_size: 96 },
    code: 'TENSOR_SHAPE',
    says: ['another target', '288', '192', 'take the head of this target'],
  },
  'of EAGLE-1 for a target of another hidden size': {
    tensors: headTensors({ kind: 1, hidden: 48 }),
    config: { ...firstConfig, hidden_size: 48 },
    code: 'TENSOR_SHAPE',
    says: ['another target', '48', '64', 'take the head of this target'],
  },
  'that captures more states than fc takes': {
    tensors: headTensors(third),
    config: { ...tinyHeadConfig, eagle_aux_hidden_state_layer_ids: [0, 1, 2, 3] },
    code: 'TENSOR_SHAPE',
    says: ['192', '256'],
  },
  'narrower than the target, and without an embedding': {
    tensors: headTensors({ kind: 3, hidden: 48 }),
    config: { ...tinyHeadConfig, hidden_size: 48 },
    code: 'TENSOR_MISSING',
    says: ['embed_tokens.weight', '48', '64'],
  },
  'without the embedding that the options want': {
    tensors: headTensors(third),
    options: { embedding: 'own' },
    code: 'TENSOR_MISSING',
    says: ['embed_tokens.weight', 'leave the option embedding away'],
  },
  'for a larger vocabulary': {
    tensors: headTensors({ kind: 3, vocab: 70 }),
    config: { ...tinyHeadConfig, vocab_size: 70 },
    code: 'VOCABULARY_MISMATCH',
    says: ['made for 70 tokens', 'target has 61', 'take the head of this target'],
  },
  'of EAGLE-1 for a smaller vocabulary': {
    tensors: headTensors(first),
    config: { ...firstConfig, vocab_size: 60 },
    code: 'VOCABULARY_MISMATCH',
    says: ['made for 60 tokens', 'target has 61'],
  },
  'with a draft vocabulary and no d2t': {
    tensors: mapped,
    code: 'VOCABULARY_MISMATCH',
    says: ['20 rows', 'no d2t', '61'],
  },
  'with d2t beyond the target’s tokens': {
    tensors: mapped,
    more: d2t({ 19: 42 }),
    code: 'VOCABULARY_MISMATCH',
    says: ['row 19', 'token 61', '61 tokens'],
  },
  'with d2t below zero': {
    tensors: mapped,
    more: d2t({ 3: -4 }),
    code: 'VOCABULARY_MISMATCH',
    says: ['row 3', 'token -1'],
  },
  'with twins in d2t': {
    tensors: mapped,
    more: d2t({ 3: 5 }),
    code: 'VOCABULARY_MISMATCH',
    says: ['two rows to one token'],
  },
  'with a d2t of another length': {
    tensors: mapped,
    more: [int64('d2t', offsets.slice(1))],
    code: 'TENSOR_SHAPE',
    says: ['d2t', '19', '20'],
  },
  'whose t2d tells of other tokens': {
    tensors: mapped,
    more: [
      ...d2t({}),
      booleans(
        't2d',
        Array.from({ length: 61 }, (_, id) => id < 20),
      ),
    ],
    code: 'VOCABULARY_MISMATCH',
    says: ['d2t and t2d disagree'],
  },
  'with a layer beyond the target': {
    tensors: headTensors(third),
    config: { ...tinyHeadConfig, eagle_config: { eagle_aux_hidden_state_layer_ids: [2, 4, 6] } },
    code: 'UNSUPPORTED_CONFIG',
    says: ['layer 6', '5 layers', 'take the head of this target', 'option layers'],
  },
  'with a layer beyond the target once they are leaving': {
    tensors: headTensors(third),
    config: { ...tinyHeadConfig, eagle_aux_hidden_state_layer_ids: [2, 4, 5] },
    options: { layerIds: 'leaving' },
    code: 'UNSUPPORTED_CONFIG',
    says: ['layer 6', '5 layers'],
  },
  'with layers by option beyond the target': {
    tensors: headTensors(third),
    options: { layers: [1, 2, 6] },
    code: 'INVALID_OPTION',
    says: ['layer 6', '5 layers'],
  },
  'that captures none, with layers by option': {
    tensors: headTensors(first),
    config: firstConfig,
    options: { layers: [1, 2, 3] },
    code: 'INVALID_OPTION',
    says: ['captures no layers', 'leave layers'],
  },
  'with a mixture of experts': {
    tensors: renamed(third, 'mlp.gate_proj', 'mlp.experts.0.gate_proj'),
    code: 'UNSUPPORTED_ARCHITECTURE',
    says: ['layers.0.mlp.experts.0.gate_proj.weight', 'mixture of experts', 'dense'],
  },
  'with both ways to norm what is captured': {
    tensors: headTensors({ kind: 3, fcNorm: true, inputNorm: true }),
    code: 'UNSUPPORTED_CONFIG',
    says: ['fc_norm', 'norm_before_fc', 'exclude'],
  },
  'with tensors that no variant has': {
    tensors: new Map([...headTensors(first), ['embedding_layernorm.weight', vector(64)]]),
    config: firstConfig,
    code: 'UNSUPPORTED_CONFIG',
    says: ['no use for embedding_layernorm.weight', 'EAGLE-1'],
  },
  'with an activation that is not known': {
    tensors: headTensors(third),
    config: { ...tinyHeadConfig, hidden_act: 'gelu' },
    code: 'UNSUPPORTED_CONFIG',
    says: ['gelu'],
  },
}

function wide(rows: number, columns: number) {
  return { shape: [rows, columns], values: new Array<number>(rows * columns).fill(0.01) }
}

function vector(length: number) {
  return { shape: [length], values: new Array<number>(length).fill(1) }
}

describe('heads that do not fit are refused, with what is wrong and what to do', () => {
  test.each(Object.entries(bad))(
    '%s',
    async (_, { tensors, config = tinyHeadConfig, more = [], options, code, says }) => {
      const error = await load(await writeHead(tensors, config, { more }), options)
      expect({ code: error.code, message: error.message }).toEqual({ code, message: error.message })
      for (const part of says) expect(error.message).toMatch(part)
    },
  )

  test('that are not there, or cut off', async () => {
    expect((await load('./no-such-head')).code).toBe('FILE_NOT_FOUND')
    expect((await load(await writeTinyModel({ bytes: 10_000 }))).code).toBe('FILE_TRUNCATED')
  })

  test('of another model, whole', async () => {
    const error = await load('models/stories-5m/eagle3')
    expect(error).toMatchObject({
      code: 'TENSOR_SHAPE',
      message: expect.stringContaining('take the head of this target'),
    })
  })
})

test('a table of tokens may be padded, on both sides', async () => {
  const options = { alphabet: 'ascii' } as const
  const padded = await writeTinyModel({ ...options, config: { vocab_size: 128 } })
  const short = tinyConfig.vocab_size
  const error = await load(
    await writeHead(headTensors({ kind: 3, vocab: short }), { ...tinyHeadConfig, vocab_size: short }),
    { layers: [0, 1, 2] },
    padded,
  )
  expect(error.code).toBe('VOCABULARY_MISMATCH')
  const backend = referenceBackend()
  const head = await writeHead(headTensors({ kind: 3, vocab: 120 }), { ...tinyHeadConfig, vocab_size: 120 })
  const strategies = [eagle({ head, layers: [0, 1, 2] })]
  const engine = await createEngine({ backend, model: padded, capacity: 60, selfCheck: false, strategies })
  const { ids } = await engine.complete([5, 6, 7], { strategy: 'eagle', maxTokens: 10, ignoreEos: true })
  expect(ids).toEqual((await engine.complete([5, 6, 7], { maxTokens: 10, ignoreEos: true })).ids)
  await engine.dispose()
})

describe('faults', async () => {
  const config = { num_hidden_layers: 2, intermediate_size: 96 }
  const model = await writeTinyModel({ config })
  const own = await writeHead(headTensors({ ...third, vocab: 20 }), tinyHeadConfig, { more: d2t({}) })
  const layers = [0, 1, 2]
  const strategies = [
    eagle({ head: own, name: 'chain', tokens: 2, layers }),
    eagle({ head: await writeHead(headTensors(first), firstConfig), name: 'static', branches: [2, 2] }),
    eagle({ head: own, name: 'dynamic', layers, tree: { depth: 3, topK: 2, nodes: 5 } }),
  ]

  describe.each(faultyCalls)('when a %s fails', (call) => {
    test('anywhere from loading to the last token, that error comes out and nothing stays', async () => {
      expect(await drill(call, model, strategies, call === 'write' || call === 'tensor' ? 3 : 1)).toBeGreaterThan(4)
    })

    if (call !== 'weight') test('in a generation, the next one is whole', () => recoveryDrill(call, model, strategies))
  })
})
