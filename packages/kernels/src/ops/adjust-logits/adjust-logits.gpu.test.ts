import { IN_PROMPT, MAX_TREE_ROWS } from '@outrider/core/spec'
import { expect, test } from 'vitest'
import { againstReference } from '../../../test/against-reference'
import { u32 } from '../../../test/outcomes'
import { pass } from '../../../test/passes'
import { run, type Work, words } from '../../../test/run'
import { drawLogits, sampling, samplingFills } from '../../../test/sampling'
import { chain, indexOf, randomTree } from '../../../test/trees'
import { random } from '../../../test/weight-source'

const both = againstReference()
const { NaN: none, NEGATIVE_INFINITY: low } = Number

const all = { temperature: 0.7, repetition: 1.3, presence: 0.4, frequency: -0.2, biased: true }

/** A pass over rows `first` to `first + rows` of a tree, every choice of a session set, a few tokens banned, masked and drafted. */
function adjusting(args: {
  readonly parents: readonly number[]
  readonly rows: number
  readonly vocab: number
  readonly first?: number
  readonly params?: Parameters<typeof samplingFills>[1]
  readonly masked?: boolean
  readonly inPlace?: boolean
}): Work {
  const { parents, rows, vocab, first = 0, params = all, masked = true, inPlace = true } = args
  const next = random(vocab)
  const total = parents.length
  const logits = drawLogits(total, vocab, 3)
  logits[5 * (total - 1)] = none
  const counts = Uint32Array.from(
    { length: vocab },
    (_, id) => (id % 5 === 0 ? IN_PROMPT : 0) + (id % 3 === 0 ? id % 7 : 0),
  )
  const bias = Float32Array.from({ length: vocab }, () => (next() < 0.1 ? low : next() - 0.5))
  const maskWords = Math.ceil(vocab / 32)
  const mask = Uint32Array.from({ length: total * maskWords }, () => next() * 2 ** 32)
  return {
    tensors: {
      logits: { shape: [rows, vocab], data: logits.slice(first * vocab, (first + rows) * vocab) },
      out: { shape: [rows, vocab] },
      mask: { shape: [rows, maskWords], dtype: 'u32', data: mask.slice(first * maskWords, (first + rows) * maskWords) },
      tokens: u32(
        parents.map((_, r) => (r * r) % Math.min(vocab, 11)),
        MAX_TREE_ROWS,
      ),
      index: u32(indexOf(20, parents)),
      ...samplingFills(vocab, params, { counts, bias }),
    },
    read: [inPlace ? 'logits' : 'out'],
    record: (ops, t) =>
      ops.adjustLogits({
        logits: t('logits'),
        vocab,
        pass: pass(t, rows, first),
        sampling: sampling(t),
        out: t(inPlace ? 'logits' : 'out'),
        ...(masked && { mask: t('mask') }),
      }),
  }
}

/** Equal infinities, and numbers within `limit`. */
function expectNear(found: Float32Array, expected: Float32Array, limit = 1e-5): void {
  for (const [i, value] of expected.entries())
    if (value === low) expect(found[i], `element ${i}`).toBe(low)
    else expect(Math.abs(found[i]! - value), `element ${i}`).toBeLessThan(limit)
}

test.each([
  { parents: chain(1), rows: 1, vocab: 1 },
  { parents: chain(5), rows: 5, vocab: 33 },
  { parents: randomTree(17, 1), rows: 17, vocab: 1025 },
  { parents: chain(64), rows: 64, vocab: 2048 },
  { parents: randomTree(64, 2), rows: 20, first: 40, vocab: 300 },
  { parents: chain(3), rows: 3, vocab: 100, masked: false },
  { parents: chain(3), rows: 3, vocab: 100, params: {} },
  { parents: chain(3), rows: 3, vocab: 100, params: { ...all, temperature: 0 } },
  { parents: chain(3), rows: 3, vocab: 100, params: { frequency: 1 }, masked: false },
  { parents: chain(3), rows: 3, vocab: 100, params: { repetition: 1.2 }, masked: false },
])('of $parents.length rows $rows, $vocab tokens, from $first on', async (args) => {
  for (const inPlace of [true, false]) {
    const work = adjusting({ ...args, inPlace })
    const [found] = await run(both.device, work)
    const [expected] = await run(both.reference, work)
    expectNear(found as Float32Array, expected as Float32Array)
  }
})

test('a row is the same, bit for bit, alone and among others, in place or not', async () => {
  const [vocab, parents] = [700, randomTree(64, 5)]
  const of = async (first: number, rows: number, inPlace = true) =>
    words((await run(both.device, adjusting({ parents, rows, first, vocab, inPlace })))[0] as Float32Array)
  const whole = await of(0, 64)
  expect(await of(0, 64, false)).toEqual(whole)
  for (const [first, rows] of [
    [0, 1],
    [63, 1],
    [30, 2],
    [7, 5],
    [1, 63],
  ] as const)
    expect(await of(first, rows)).toEqual(whole.slice(first * vocab, (first + rows) * vocab))
})
