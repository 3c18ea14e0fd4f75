import { createEngine, type ErrorCode } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { failure } from '../../core/test/support/engines'
import { drill, recoveryDrill } from '../../core/test/support/fault-drill'
import { faultyCalls } from '../../core/test/support/faulty-backend'
import type { SafeTensor } from '../../core/test/support/safetensors-file'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { type MedusaOptions, medusa } from '../src'
import { int64, rowsOf, storiesHeads, tinyHeads, vllmNames, writeHeads } from './checkpoints'

const native = await storiesHeads()
const named = vllmNames(native)
const isLmHead = ({ name }: SafeTensor) => /^(\d+\.\d+|lm_heads\.\d+)\.weight$/.test(name)
const blocks = native.filter((tensor) => !isLmHead(tensor))
const without = (name: string) => native.filter((tensor) => tensor.name !== name)
const cut = (rows: number) =>
  native.map((tensor) => (isLmHead(tensor) ? rowsOf(tensor, [...Array(rows).keys()]) : tensor))

/** Loads the heads for stories-5m; nothing may stay on the device. */
async function load(head: string, options: Partial<MedusaOptions> = {}, model = 'models/stories-5m') {
  const backend = referenceBackend()
  const strategies = [medusa({ head, ...options })]
  const error = await failure(() => createEngine({ backend, model, capacity: 50, selfCheck: false, strategies }))
  expect(backend.stats.liveBytes).toBe(0)
  return error
}

const bad: readonly [string, ErrorCode, RegExp, readonly SafeTensor[]][] = [
  ['without heads', 'UNSUPPORTED_ARCHITECTURE', /no Medusa heads/, native.filter(isLmHead)],
  [
    'without a head in the middle',
    'TENSOR_MISSING',
    /1\.0\.linear\.weight/,
    native.filter(({ name }) => !/^1\.0/.test(name)),
  ],
  ['without one LM head', 'TENSOR_MISSING', /2\.1\.weight/, without('2.1.weight')],
  ['in vLLM’s names without LM heads that it says to have', 'TENSOR_MISSING', /lm_heads\.0\.weight/, vllmNames(blocks)],
  ['with a bias that one head lacks', 'TENSOR_MISSING', /1\.0\.linear\.bias/, without('1.0.linear.bias')],
  [
    'with a block of the wrong shape',
    'TENSOR_SHAPE',
    /1\.0\.linear\.weight is \[255, 256\]/,
    native.map((tensor) => (tensor.name === '1.0.linear.weight' ? rowsOf(tensor, [...Array(255).keys()]) : tensor)),
  ],
  ['with too few tokens', 'VOCABULARY_MISMATCH', /1000 rows.*2048 tokens/, cut(1000)],
  [
    'with a map longer than the LM heads',
    'VOCABULARY_MISMATCH',
    /3 rows.*4 tokens/,
    [...vllmNames(cut(3)), int64('token_map', [4, 5, 6, 7])],
  ],
  [
    'with a map beyond the target’s tokens',
    'VOCABULARY_MISMATCH',
    /token 2048/,
    [...named, int64('token_map', [5, 2048])],
  ],
  ['with a map below zero', 'VOCABULARY_MISMATCH', /token -1/, [...named, int64('token_map', [5, -1])]],
  ['with a map of twins', 'VOCABULARY_MISMATCH', /twice/, [...named, int64('token_map', [5, 5])]],
]

describe('heads that do not fit are refused, with what is wrong', () => {
  test.each(bad)('%s', async (_, code, message, tensors) => {
    const error = await load(await writeHeads(tensors))
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('for a target of another hidden size', async () => {
    const error = await load('models/stories-5m/medusa', {}, await writeTinyModel())
    expect(error).toMatchObject({ code: 'TENSOR_SHAPE', message: expect.stringContaining('[64, 64]') })
  })

  test('that are not there', async () => {
    expect((await load('./no-such-heads')).code).toBe('FILE_NOT_FOUND')
  })

  test('fewer than the tokens that are asked for', async () => {
    const error = await load('models/stories-5m/medusa', { tokens: 4 })
    expect(error).toMatchObject({ code: 'INVALID_OPTION', message: expect.stringMatching(/4 tokens.*has 3/) })
  })

  test('of fewer tokens than the choices that are asked for', async () => {
    const head = await writeHeads([...vllmNames(cut(3)), int64('token_map', [1, 2, 3])])
    const error = await load(head, { choices: [[3]] })
    expect(error).toMatchObject({ code: 'INVALID_OPTION', message: expect.stringContaining('rank 3') })
  })
})

describe('with heads of a tiny model', async () => {
  const target = await writeTinyModel({ config: { num_hidden_layers: 1, intermediate_size: 32 } })
  const head = await writeHeads(tinyHeads(2))
  const strategies = [medusa({ head, name: 'chain' }), medusa({ head, name: 'tree', choices: [[0], [1], [0, 1], [2]] })]

  describe.each(faultyCalls)('when a %s fails', (call) => {
    test('anywhere from loading to the last token, that error comes out and nothing stays', async () => {
      expect(await drill(call, target, strategies, call === 'write' ? 3 : 1)).toBeGreaterThan(4)
    })

    if (call !== 'weight') test('in a generation, the next one is whole', () => recoveryDrill(call, target, strategies))
  })
})
