import { gumbelOf, noiseWords, type SamplingParams } from '@outrider/core'
import { NO_TOKEN } from '@outrider/core/spec'
import { describe, expect, test } from 'vitest'
import { againstReference } from '../../../test/against-reference'
import { u32 } from '../../../test/outcomes'
import { pass, passTensors } from '../../../test/passes'
import { run, type Work, words } from '../../../test/run'
import { drawLogits, sampling, samplingFills } from '../../../test/sampling'

const both = againstReference()
const base = 30

interface Drawing {
  readonly vocab: number
  readonly rows: number
  readonly first?: number
  readonly logits?: Float32Array
  readonly params?: SamplingParams
  readonly stream?: number
  readonly ahead?: number
  readonly mapped?: boolean
}

/** The target's ids of a drafter's vocabulary: neither in order nor dense. */
const targetId = (v: number): number => (v * 7919) % 131071

function drawing(args: Drawing): Work {
  const { vocab, rows, first = 0, params = { temperature: 1, seed: 77 }, stream = 0, ahead = 1, mapped } = args
  const logits = args.logits ?? drawLogits(first + rows, vocab, vocab).slice(first * vocab)
  return {
    tensors: {
      logits: { shape: [rows, vocab], data: logits },
      out: u32([9, 9], 2 + rows),
      targetIds: u32(Array.from({ length: vocab }, (_, v) => targetId(v))),
      ...passTensors(first + rows, base),
      ...samplingFills(vocab, params),
    },
    read: ['out', 'logits'],
    record: (ops, t) => {
      const noise = { stream, ahead, ...(mapped && { targetIds: t('targetIds') }) }
      const common = { logits: t('logits'), vocab, pass: pass(t, rows, first), sampling: sampling(t), ...noise }
      ops.sample({ ...common, out: t('out'), at: 2 })
      ops.perturbLogits(common)
    },
  }
}

/** The logit of a token with its noise, as the definition has it. */
function withNoise(args: Drawing, logits: Float32Array, r: number, v: number): number {
  const { vocab, first = 0, stream = 0, ahead = 1, mapped } = args
  const key = { seedLow: 77, seedHigh: 0, sequence: 0, stream }
  const id = mapped ? targetId(v) : v
  const word = noiseWords(key, base + first + r + ahead, id >>> 2)[id & 3]!
  return logits[r * vocab + v]! + gumbelOf(word)
}

const cases: readonly Drawing[] = [
  { vocab: 1, rows: 1 },
  { vocab: 103, rows: 3 },
  { vocab: 2048, rows: 64 },
  { vocab: 4097, rows: 5 },
  { vocab: 9001, rows: 2 },
  { vocab: 515, rows: 4, stream: 3, ahead: 2 },
  { vocab: 1030, rows: 7, mapped: true, first: 5 },
  { vocab: 5000, rows: 2, mapped: true, ahead: -3 },
]

describe('sample and perturbLogits', () => {
  test.each(cases)('draw what the definition draws: %o', async (args) => {
    const work = drawing(args)
    const [found, perturbed] = await run(both.device, work)
    const [expected, exactly] = await run(both.reference, work)
    const logits = work.tensors.logits!.data as Float32Array
    expect([...found!.slice(0, 2)]).toEqual([9, 9])
    for (let r = 0; r < args.rows; r++) {
      const [a, b] = [found![2 + r]!, expected![2 + r]!]
      if (a !== b) expect(withNoise(args, logits, r, b) - withNoise(args, logits, r, a)).toBeLessThan(1e-4)
    }
    for (const [i, value] of exactly!.entries()) expect(Math.abs(perturbed![i]! - value)).toBeLessThan(2e-5)
  })

  test('what is drawn is what is best of the perturbed logits', async () => {
    const [found, perturbed] = await run(both.device, drawing({ vocab: 2048, rows: 64 }))
    for (let r = 0; r < 64; r++) {
      const row = perturbed!.subarray(r * 2048, (r + 1) * 2048)
      expect(Math.max(...row) - row[found![2 + r]!]!).toBeLessThan(1e-5)
    }
  })

  test('a temperature divides what is perturbed', async () => {
    const args = { vocab: 200, rows: 2, params: { temperature: 0.5, seed: 77 } }
    await expect(run(both.device, drawing(args))).resolves.toHaveLength(2)
    const [, perturbed] = await run(both.device, drawing(args))
    const [, exactly] = await run(both.reference, drawing(args))
    for (const [i, value] of exactly!.entries()) expect(Math.abs(perturbed![i]! - value)).toBeLessThan(2e-5)
    const [, plain] = await run(both.device, drawing({ ...args, params: { temperature: 1, seed: 77 } }))
    expect(perturbed).not.toEqual(plain)
  })

  test('at temperature 0 the best is taken and nothing perturbed', async () => {
    const [found, logits] = await both.same(drawing({ vocab: 5000, rows: 6, params: { seed: 77 } }))
    for (let r = 0; r < 6; r++) {
      const row = logits!.subarray(r * 5000, (r + 1) * 5000) as Float32Array
      expect(found![2 + r]).toBe(row.indexOf(Math.max(...row)))
    }
  })

  test('NaN and -∞ are never drawn and stay, +∞ is', async () => {
    const { NaN: none, NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number
    const logits = Float32Array.of(none, low, -9, none, 1, high, 3, none, low, none, none, low)
    for (const params of [{ seed: 1 }, { seed: 1, temperature: 1 }]) {
      const [found, perturbed] = await run(both.device, drawing({ vocab: 4, rows: 3, logits, params }))
      expect([...found!.slice(2)]).toEqual([2, 1, NO_TOKEN])
      expect(perturbed![1]).toBe(low)
      expect(perturbed![0]).toBeNaN()
    }
  })

  test('a row is the same, bit for bit, alone and among others', async () => {
    const vocab = 2048
    const logits = drawLogits(64, vocab, 31)
    const of = (first: number, rows: number) =>
      run(both.device, drawing({ vocab, rows, first, logits: logits.slice(first * vocab, (first + rows) * vocab) }))
    const [whole, perturbed] = await of(0, 64)
    for (const [first, rows] of [
      [0, 1],
      [63, 1],
      [17, 2],
      [5, 9],
      [1, 63],
    ] as const) {
      const [found, values] = await of(first, rows)
      expect(found!.slice(2)).toEqual(whole!.slice(2 + first, 2 + first + rows))
      expect(words(values as Float32Array)).toEqual(
        words(perturbed as Float32Array).slice(first * vocab, (first + rows) * vocab),
      )
    }
  })
})
