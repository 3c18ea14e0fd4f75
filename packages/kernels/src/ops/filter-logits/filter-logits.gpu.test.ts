import type { SamplingParams } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import type { Backend } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paths } from '../../../test/backends'
import { pass, passTensors } from '../../../test/passes'
import { among, neighbours } from '../../../test/rows'
import { run, words } from '../../../test/run'
import { drawLogits, sampling, samplingFills } from '../../../test/sampling'
import { webgpu } from '../../index.node'

const { NaN: none, NEGATIVE_INFINITY: low } = Number
const reference = referenceBackend()

async function filtered(backend: Backend, logits: Float32Array, vocab: number, params: SamplingParams, live?: number) {
  const rows = logits.length / vocab
  const [out] = await run(backend, {
    tensors: {
      logits: { shape: [rows, vocab], data: logits },
      ...passTensors(live ?? rows),
      ...samplingFills(vocab, { temperature: 1, ...params }),
    },
    read: ['logits'],
    record: (ops, t) => ops.filterLogits({ logits: t('logits'), vocab, pass: pass(t, rows), sampling: sampling(t) }),
  })
  return out as Float32Array
}

const vocab = 1003
const drawn = drawLogits(1, vocab, 8)
const kinds: Readonly<Record<string, Float32Array>> = {
  drawn,
  tied: drawn.map(Math.round),
  peaked: drawn.map((logit, id) => (id === 700 ? 40 : logit)),
  wide: drawn.map((logit) => 1e4 * logit),
  uniform: drawn.map(() => 3),
  banned: drawn.map((logit, id) => (id % 3 === 0 ? low : id % 7 === 0 ? none : logit)),
  one: drawn.map((_, id) => (id === 1002 ? -100 : low)),
  nothing: drawn.map((_, id) => (id === 6 ? none : low)),
  zeros: drawn.map((_, id) => (id % 2 === 0 ? 0 : -0)),
}
const choices: readonly SamplingParams[] = [
  {},
  ...[1, 40, 1002, 5000].map((topK) => ({ topK })),
  ...[1e-6, 0.5, 0.95, 0.9999].map((topP) => ({ topP })),
  ...[1e-3, 0.2, 1].map((minP) => ({ minP })),
  ...[1e-6, 0.3, 0.95].map((typicalP) => ({ typicalP })),
  { topK: 60, topP: 0.8 },
  { topK: 300, topP: 0.95, minP: 0.02, typicalP: 0.6 },
  { topK: 5, topP: 0.5, temperature: 0 },
]

const bitsOf = new Map<string, Uint32Array>()

describe.each(paths)('filterLogits through $path', ({ path, options }) => {
  let backend: Backend
  beforeAll(async () => {
    backend = await webgpu(options)
  })
  afterAll(() => {
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  test.each(choices)('keeps what the definition keeps: %o', async (params) => {
    const names = Object.keys(kinds)
    const logits = new Float32Array(names.length * vocab)
    for (const [r, name] of names.entries()) logits.set(kinds[name]!, r * vocab)
    const found = await filtered(backend, logits, vocab, params)
    const expected = await filtered(reference, logits, vocab, params)
    for (const [r, name] of names.entries()) {
      const row = (values: Float32Array) => values.subarray(r * vocab, (r + 1) * vocab)
      expect(row(found), name).toEqual(row(expected))
    }
    const key = JSON.stringify(params)
    const other = bitsOf.get(key)
    if (other) expect(words(found)).toEqual(other)
    bitsOf.set(key, words(found))
  })

  test.each(path === 'subgroups' ? [49_152] : [70_001])(
    'keeps what the definition keeps of %i tokens, ties and crowds included',
    async (vocab) => {
      const drawn = drawLogits(1, vocab, 3)
      const rows = [
        drawn,
        drawn.map(Math.round),
        drawn.map((logit, id) => (id >= 4096 && id < 4396 ? 30 + logit : logit)),
        drawn.map((logit, id) => (id % 2048 === 7 ? 20 : logit)),
      ]
      const logits = new Float32Array(rows.length * vocab)
      for (const [r, row] of rows.entries()) logits.set(row, r * vocab)
      for (const params of [
        { topK: 1 },
        { topK: 25 },
        { topK: 2049 },
        { topK: vocab - 1 },
        { minP: 0.01 },
        { topK: 50, minP: 0.1 },
        { topK: 300, topP: 0.9 },
        { topP: 0.5, minP: 0.3 },
        { topP: 0.9 },
        { topP: 0.999, typicalP: 0.9 },
      ])
        expect(await filtered(backend, logits, vocab, params)).toEqual(await filtered(reference, logits, vocab, params))
    },
  )

  test('one token, and rows of padding stay as they are', async () => {
    const logits = Float32Array.of(-1, 3, low, 2, 1, 0)
    expect([...(await filtered(backend, logits, 1, { topK: 3, topP: 0.2, typicalP: 0.1 }))]).toEqual([...logits])
    expect([...(await filtered(backend, logits, 2, { topK: 1 }, 2))]).toEqual([low, 3, low, 2, 1, 0])
  })

  test('a row is the same, bit for bit, alone and among others', async () => {
    const params = { topK: 200, topP: 0.97, minP: 1e-4, typicalP: 0.8 }
    const row = drawLogits(1, 2048, 12)
    const alone = words(await filtered(backend, row, 2048, params))
    expect(alone.filter((word) => word !== 0xff800000).length).toBeGreaterThan(20)
    for (const rows of [2, 3, 7, 16, 33, 64]) {
      const here = (place: number): boolean => place % 5 === rows % 5 || place === rows - 1
      const logits = among(row, rows, here, neighbours[rows % neighbours.length]!)
      const found = words(await filtered(backend, logits, 2048, params))
      for (let place = 0; place < rows; place++)
        if (here(place)) expect(found.subarray(place * 2048, (place + 1) * 2048)).toEqual(alone)
    }
  })
})
