import type { SamplingParams } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { type Backend, IN_PROMPT } from '@outrider/core/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { paths } from '../../test/backends'
import { u32 } from '../../test/outcomes'
import { pass, passTensors } from '../../test/passes'
import { run, words } from '../../test/run'
import { drawLogits, sampling, samplingFills } from '../../test/sampling'
import { webgpu } from '../index.node'

const { NaN: none, NEGATIVE_INFINITY: low } = Number

interface Choosing {
  readonly vocab: number
  readonly rows: number
  readonly params: SamplingParams
  readonly first?: number
  /** Whether logits stay and a mask joins. */
  readonly apart?: boolean
}

/** Adjusts, filters and draws; `parted` by an op between them each time. Gives what is left, tokens and dispatches. */
async function chosen(backend: Backend, { vocab, rows, params, first = 0, apart = false }: Choosing, parted: boolean) {
  const all = drawLogits(first + rows, vocab, 5)
  all.set([none, low, 0], vocab - 3)
  const logits = all.slice(first * vocab)
  const maskWords = Math.ceil(vocab / 32)
  const before = backend.stats.dispatches
  const [given, processed, ids] = await run(backend, {
    tensors: {
      logits: { shape: [rows, vocab], data: logits },
      processed: { shape: [rows, vocab] },
      mask: {
        shape: [rows, maskWords],
        dtype: 'u32',
        data: Uint32Array.from({ length: rows * maskWords }, (_, i) => 0xdeadbeef * (i + 1)),
      },
      ids: u32([9], 1 + rows),
      other: { shape: [1, 4] },
      ...passTensors(first + rows, 30),
      ...samplingFills(vocab, params, {
        counts: Uint32Array.from({ length: vocab }, (_, id) => (id % 5 === 0 ? IN_PROMPT : 0) + (id % 3)),
      }),
    },
    read: ['logits', 'processed', 'ids'],
    record: (ops, t) => {
      const common = { vocab, pass: pass(t, rows, first), sampling: sampling(t) }
      const out = t(apart ? 'processed' : 'logits')
      // Changes nothing that the ops look at.
      const part = () => parted && ops.add({ a: t('other'), b: t('other'), out: t('other'), rows: 1 })
      ops.adjustLogits({ ...common, logits: t('logits'), out, ...(apart && { mask: t('mask') }) })
      part()
      ops.filterLogits({ ...common, logits: out })
      part()
      ops.sample({ ...common, logits: out, out: t('ids'), at: 1 })
    },
  })
  return {
    left: (apart ? processed : given) as Float32Array,
    given: words(given as Float32Array),
    logits: words(logits),
    ids: ids as Uint32Array,
    dispatches: backend.stats.dispatches - before,
  }
}

const seed = 11
const filters: readonly SamplingParams[] = [
  { topK: 1 },
  { topK: 40 },
  { topK: 3000 },
  { minP: 0.02 },
  { topK: 40, minP: 0.02 },
  { topP: 0.9 },
  { topK: 40, topP: 0.9, minP: 0.01, typicalP: 0.8 },
  {},
]

describe.each(paths)('what is done with logits, through $path', ({ options }) => {
  let backend: Backend
  beforeAll(async () => {
    backend = await webgpu(options)
  })
  afterAll(() => {
    expect(backend.stats.liveBytes).toBe(0)
    backend.dispose()
  })

  test.each([
    { vocab: 60, rows: 2 },
    { vocab: 1003, rows: 5, first: 3 },
    { vocab: 5000, rows: 2, apart: true },
    { vocab: 49_152, rows: 1 },
    { vocab: 70_001, rows: 1 },
  ])('reads $vocab logits once in two dispatches, and gives the same as op by op: $rows rows', async (shape) => {
    for (const filter of filters)
      for (const temperature of shape.vocab < 9000 ? [0, 0.7] : [0.7]) {
        const params = { temperature, seed, repetition: 1.2, ...filter }
        const together = await chosen(backend, { ...shape, params }, false)
        const parted = await chosen(backend, { ...shape, params }, true)
        expect(together.dispatches).toBe(2)
        expect(parted.dispatches).toBe(shape.vocab > 4096 ? 7 : 6)
        expect(words(together.left)).toEqual(words(parted.left))
        expect(together.ids).toEqual(parted.ids)
        for (const [r, id] of together.ids.subarray(1).entries())
          expect(together.left[r * shape.vocab + id]).toBeGreaterThan(low)
        if (shape.apart) expect(together.given).toEqual(together.logits)
      }
  })

  test('keeps and draws what the reference does of logits that need no adjusting', async () => {
    for (const filter of filters) {
      const work = { vocab: 5000, rows: 4, params: { temperature: 1, seed, ...filter } }
      const found = await chosen(backend, work, false)
      const expected = await chosen(referenceBackend(), work, false)
      expect(found.left).toEqual(expected.left)
      expect(found.ids).toEqual(expected.ids)
    }
  })

  test('a row is the same, bit for bit, alone and among others', async () => {
    const vocab = 2500
    for (const filter of [{ topK: 30 }, { topK: 30, topP: 0.9, typicalP: 0.8 }, { minP: 0.01 }, { topP: 0.9 }]) {
      const params = { temperature: 0.7, seed, frequency: 0.1, ...filter }
      const whole = await chosen(backend, { vocab, rows: 64, params }, false)
      for (const [first, rows] of [
        [0, 1],
        [63, 1],
        [9, 5],
      ] as const) {
        const some = await chosen(backend, { vocab, rows, first, params }, false)
        expect(words(some.left)).toEqual(words(whole.left.slice(first * vocab, (first + rows) * vocab)))
        expect(some.ids.slice(1)).toEqual(whole.ids.slice(1 + first, 1 + first + rows))
      }
    }
  })

  test('a temperature alone takes no dispatch of its own', async () => {
    for (const [vocab, dispatches] of [
      [4096, 1],
      [4097, 2],
    ] as const) {
      const of = async (parted: boolean) => {
        const before = backend.stats.dispatches
        const found = await run(backend, {
          tensors: {
            logits: { shape: [3, vocab], data: drawLogits(3, vocab, 2) },
            ids: u32([], 3),
            other: { shape: [1, 4] },
            ...passTensors(3, 7),
            ...samplingFills(vocab, { temperature: 0.8, seed }),
          },
          read: ['logits', 'ids'],
          record: (ops, t) => {
            const rows = { logits: t('logits'), vocab, pass: pass(t, 3), sampling: sampling(t) }
            ops.adjustLogits({ ...rows, out: t('logits') })
            if (parted) ops.add({ a: t('other'), b: t('other'), out: t('other'), rows: 1 })
            ops.sample({ ...rows, out: t('ids') })
          },
        })
        return { dispatches: backend.stats.dispatches - before, logits: words(found[0] as Float32Array), ids: found[1] }
      }
      const [together, parted] = [await of(false), await of(true)]
      expect(parted).toEqual({ ...together, dispatches: dispatches + 2 })
      expect(together.dispatches).toBe(dispatches)
    }
  })

  test('what belongs to other rows or a drafter of its own is not taken over', async () => {
    const vocab = 96
    const of = async (parted: boolean) => {
      const found = await run(backend, {
        tensors: {
          logits: { shape: [4, vocab], data: drawLogits(4, vocab, 2) },
          targetIds: u32(Array.from({ length: vocab }, (_, v) => 5 * v)),
          ids: u32([], 40),
          other: { shape: [1, 4] },
          ...passTensors(4, 7),
          ...samplingFills(vocab, { temperature: 0.8, topK: 9, seed }),
        },
        read: ['logits', 'ids'],
        record: (ops, t) => {
          const part = () => parted && ops.add({ a: t('other'), b: t('other'), out: t('other'), rows: 1 })
          const rows = { logits: t('logits'), vocab, pass: pass(t, 4), sampling: sampling(t) }
          ops.adjustLogits({ ...rows, out: t('logits') })
          part()
          ops.sample({ ...rows, pass: pass(t, 2), out: t('ids') })
          part()
          ops.filterLogits({ ...rows, pass: pass(t, 2, 1) })
          part()
          ops.sample({ ...rows, out: t('ids'), at: 4, targetIds: t('targetIds') })
          part()
          ops.filterLogits(rows)
          part()
          ops.filterLogits(rows)
          part()
          ops.perturbLogits(rows)
          part()
          ops.sample({ ...rows, out: t('ids'), at: 8 })
          part()
          ops.sample({ ...rows, out: t('ids'), at: 12, stream: 2 })
        },
      })
      return [words(found[0] as Float32Array), found[1]]
    }
    expect(await of(false)).toEqual(await of(true))
  })
})
