import { describe, expect, test } from 'vitest'
import { chiSquare, critical, softmax } from '../../../test/support/chi-square'
import { device, floats, read, run, words } from '../../../test/support/reference-run'
import { gumbelOf, noiseWords, type SamplingParams, samplingWords } from '../../sample'
import type { Ops, Pass, SamplingTensors, Tensor } from '../../spec'
import { INDEX, MAX_TREE_ROWS, NO_TOKEN, OUTCOME, SAMPLING } from '../../spec'

const { NaN: none, NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number

function samplingOf(params: SamplingParams, vocab: number): SamplingTensors {
  return { params: words(SAMPLING.words, [...samplingWords(params)]), counts: words(vocab), bias: floats([vocab]) }
}

/** A pass of rows at consecutive positions from `base` on. */
function passFrom(base: number, rows: number): Pass {
  const index = words(INDEX.words)
  move({ rows, first: 0, tokens: index, index }, base)
  return { rows, first: 0, tokens: words(MAX_TREE_ROWS), index }
}

function move({ index, rows }: Pass, base: number): void {
  device.backend.write(index, Uint32Array.of(base, rows))
  device.backend.write(
    index,
    Uint32Array.from({ length: rows }, (_, r) => base + r),
    INDEX.positions,
  )
}

/** What `record` leaves in `out` at `draws` positions, a pass of rows after the other, each of them with the logits of `row`. */
async function atPositions(
  row: readonly number[],
  draws: number,
  out: Tensor,
  record: (ops: Ops, logits: Tensor, pass: Pass) => void,
): Promise<number[]> {
  const rows = MAX_TREE_ROWS
  const values = Float32Array.from(Array.from({ length: rows }, () => row).flat())
  const logits = floats([rows, row.length])
  const pass = passFrom(0, rows)
  const program = device.backend.program('draws', (ops) => record(ops, logits, pass))
  const found: number[] = []
  for (let base = 0; base < draws; base += rows) {
    device.backend.write(logits, values)
    move(pass, base)
    const [bytes] = await device.backend.submit([program], [out])
    found.push(...new Uint32Array(bytes as ArrayBuffer))
  }
  return found
}

function tally(values: readonly number[], cells: number): number[] {
  const counts = new Array<number>(cells).fill(0)
  for (const value of values) counts[value] = (counts[value] as number) + 1
  return counts
}

describe('sample', () => {
  test('100,000 draws over positions have the softmax’s distribution, and what has no mass is never drawn', async () => {
    const row = Array.from({ length: 50 }, (_, id) => (id % 9 === 4 ? low : 3 * Math.sin(id * id)))
    const out = words(MAX_TREE_ROWS)
    const sampling = samplingOf({ temperature: 1, seed: 11 }, 50)
    const drawn = await atPositions(row, 100_000, out, (ops, logits, pass) =>
      ops.sample({ logits, vocab: 50, pass, sampling, out }),
    )
    const counts = tally(drawn, 50)
    const p = softmax(row)
    for (const [id, probability] of p.entries()) {
      if (probability === 0) expect(counts[id]).toBe(0)
      expect(Math.abs((counts[id] as number) / drawn.length - probability)).toBeLessThanOrEqual(0.005)
    }
    const { statistic, freedom } = chiSquare(counts, p)
    expect(statistic).toBeLessThan(critical(freedom))
    const wrong = softmax(row.map((logit) => logit / 1.1))
    expect(chiSquare(counts, wrong).statistic).toBeGreaterThan(critical(freedom))
  })

  test.each<[string, (params: SamplingParams) => { params: SamplingParams; stream?: number; ahead?: number }]>([
    ['streams', (params) => ({ params, stream: 1 })],
    ['sequences', (params) => ({ params: { ...params, sequence: 1 } })],
    ['seeds', (params) => ({ params: { ...params, seed: 12 } })],
    ['seeds that share their low word', (params) => ({ params: { ...params, seed: 11 + 2 ** 32 } })],
    ['positions', (params) => ({ params, ahead: 2 })],
  ])('draws of two %s are independent', async (_, other) => {
    const params = { temperature: 1, seed: 11 }
    const { params: otherParams, ...noise } = other(params)
    const [a, b, pairs] = [words(MAX_TREE_ROWS), words(MAX_TREE_ROWS), words(MAX_TREE_ROWS)]
    const [one, two] = [samplingOf(params, 3), samplingOf(otherParams, 3)]
    const drawn = await atPositions([0, 1, 0.5], 20_000, pairs, (ops, logits, pass) => {
      ops.sample({ logits, vocab: 3, pass, sampling: one, out: a })
      ops.sample({ logits, vocab: 3, pass, sampling: two, out: b, ...noise })
      ops.kernel({
        label: 'pairs',
        wgsl: '',
        tensors: [
          { tensor: a, access: 'read' },
          { tensor: b, access: 'read' },
          { tensor: pairs, access: 'read_write' },
        ],
        workgroups: [1],
        reference: ([x, y, xy]) => xy?.set([...(x ?? [])].map((id, i) => 3 * id + (y?.[i] as number))),
      })
    })
    const p = softmax([0, 1, 0.5])
    const { statistic, freedom } = chiSquare(
      tally(drawn, 9),
      p.flatMap((first) => p.map((second) => first * second)),
    )
    expect(statistic).toBeLessThan(critical(freedom))
  })

  test('is the best of logit plus noise of the position and the token', async () => {
    const [seed, base, vocab] = [5 + 3 * 2 ** 32, 40, 11]
    const row = Array.from({ length: vocab }, (_, id) => Math.cos(id))
    const pass = passFrom(base, 3)
    const logits = floats([3, vocab], [...row, ...row, ...row])
    const out = words(5)
    const sampling = samplingOf({ temperature: 1, seed, sequence: 9 }, vocab)
    const map = Array.from({ length: vocab }, (_, id) => 1000 - 7 * id)
    const targetIds = words(vocab, map)
    for (const [ids, noise] of [
      [row.map((_, id) => id), { ahead: 1, stream: 0 }],
      [map, { ahead: 3, stream: 2, targetIds }],
    ] as const) {
      await run((ops) => ops.sample({ logits, vocab, pass, sampling, out, at: 2, ...noise }))
      const key = { seedLow: 5, seedHigh: 3, sequence: 9, stream: noise.stream }
      const best = [0, 1, 2].map((r) => {
        const sums = ids.map((id, v) => {
          const word = noiseWords(key, base + r + noise.ahead, id >> 2)[id & 3] as number
          return (row[v] as number) + gumbelOf(word)
        })
        return sums.indexOf(Math.max(...sums))
      })
      expect(await read(out)).toEqual([[0, 0, ...best]])
    }
  })

  test('at temperature 0 it is argmax, and rows of padding are left', async () => {
    const logits = floats([3, 4], [0, 2, 2, none, none, low, none, low, 9, 0, 0, 0])
    const pass = { ...passFrom(7, 2), rows: 3 }
    const out = words(3, [5, 5, 5])
    const sampling = samplingOf({ seed: 3 }, 4)
    await run((ops) => ops.sample({ logits, vocab: 4, pass, sampling, out }))
    expect(await read(out)).toEqual([[1, NO_TOKEN, 5]])
  })

  test('NaN and -∞ are never drawn, +∞ always', async () => {
    const sampling = samplingOf({ temperature: 1, seed: 3 }, 4)
    const out = words(MAX_TREE_ROWS)
    const of = async (row: readonly number[]) =>
      new Set(
        await atPositions(row, 1000, out, (ops, logits, pass) => ops.sample({ logits, vocab: 4, pass, sampling, out })),
      )
    expect(await of([none, low, none, -8])).toEqual(new Set([3]))
    expect(await of([5, high, none, 7])).toEqual(new Set([1]))
    expect(await of([none, low, none, none])).toEqual(new Set([NO_TOKEN]))
  })
})

describe('perturbLogits', () => {
  test('the two best are draws without replacement', async () => {
    const row = [1, 0.2, -1, 0.5, low, -0.4]
    const ids = words(2 * MAX_TREE_ROWS)
    const sampling = samplingOf({ temperature: 0.8, seed: 21 }, 6)
    const drawn = await atPositions(row, 50_000, ids, (ops, logits, pass) => {
      ops.perturbLogits({ logits, vocab: 6, pass, sampling, stream: 1 })
      ops.topK({ logits, vocab: 6, rows: MAX_TREE_ROWS, k: 2, ids })
    })
    const p = softmax(row.map((logit) => logit / 0.8))
    const pairs = p.flatMap((first, i) => p.map((second, j) => (i === j ? 0 : (first * second) / (1 - first))))
    const counts = tally(
      drawn.flatMap((id, i) => (i % 2 === 0 ? [6 * id + (drawn[i + 1] as number)] : [])),
      36,
    )
    const { statistic, freedom } = chiSquare(counts, pairs)
    expect(freedom).toBe(19)
    expect(statistic).toBeLessThan(critical(freedom))
    for (const [pair, probability] of pairs.entries()) if (probability === 0) expect(counts[pair]).toBe(0)
  })

  test('its best is what is sampled, and at temperature 0 nothing happens', async () => {
    const row = [1, 0.2, none, 0.5, low, -0.4]
    const [best, drawn] = [words(MAX_TREE_ROWS), words(MAX_TREE_ROWS)]
    const logits = floats([MAX_TREE_ROWS, 6], Array.from({ length: MAX_TREE_ROWS }, () => row).flat())
    const pass = passFrom(3, MAX_TREE_ROWS)
    const sampling = samplingOf({ temperature: 1, seed: 4 }, 6)
    const still = samplingOf({ seed: 4 }, 6)
    const [before] = await read(logits)
    expect(await run((ops) => ops.perturbLogits({ logits, vocab: 6, pass, sampling: still }), logits)).toEqual([before])
    const [a, b] = await run(
      (ops) => {
        ops.sample({ logits, vocab: 6, pass, sampling, out: drawn })
        ops.perturbLogits({ logits, vocab: 6, pass, sampling })
        ops.argmax({ logits, vocab: 6, rows: MAX_TREE_ROWS, out: best })
      },
      best,
      drawn,
    )
    expect(a).toEqual(b)
    expect(new Set(a)).toEqual(new Set([0, 1, 3, 5]))
  })
})

test('countTokens counts what is committed, beside the prompt’s bit', async () => {
  const outcome = words(OUTCOME.words)
  device.backend.write(outcome, Uint32Array.of(3), OUTCOME.accepted)
  device.backend.write(outcome, Uint32Array.of(2, 0, 2, NO_TOKEN, 1), OUTCOME.tokens)
  const sampling = { ...samplingOf({}, 3), counts: words(3, [7, 0x80000001, 0x80000000]) }
  await run((ops) => ops.countTokens({ outcome, sampling }))
  expect(await read(sampling.counts)).toEqual([[8, 0x80000001, 0x80000002]])
})

test('logProbsOf is the log-softmax at a token', async () => {
  const logits = floats([5, 3], [1, 2, 4, none, 0, low, 0, 0, 0, 3, 5, high, none, none, low])
  const ids = words(6, [9, 2, 0, NO_TOKEN, 2, 0])
  const out = floats([6], [5, 5, 5, 5, 5, 5])
  const [found] = await run((ops) => ops.logProbsOf({ logits, vocab: 3, rows: 5, ids, out, at: 1 }), out)
  expect(found?.[0]).toBe(5)
  expect(found?.[1]).toBeCloseTo(Math.log(softmax([1, 2, 4])[2] as number), 6)
  expect(found?.slice(2, 4)).toEqual([low, low])
  expect(found?.[4]).toBe(0)
  expect(found?.[5]).toBe(low)
})
