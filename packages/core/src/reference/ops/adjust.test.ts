import { describe, expect, test } from 'vitest'
import { floats, read, run, tensor, treePass, words } from '../../../test/support/reference-run'
import { type SamplingParams, samplingWords } from '../../sample'
import { IN_PROMPT, type Pass, SAMPLING } from '../../spec'

const { NaN: none, NEGATIVE_INFINITY: low } = Number
const vocab = 6
const row = [2, -1, 0.5, -3, 4, 1]

interface Session {
  readonly counts?: readonly number[]
  readonly bias?: readonly number[]
}

/** Adjusted rows of a pass, each of which has the logits of `row`. */
async function adjusted(pass: Pass, params: SamplingParams, session: Session = {}, mask?: readonly number[]) {
  const logits = floats([pass.rows, vocab], Array.from({ length: pass.rows }, () => row).flat())
  const out = floats([pass.rows, vocab])
  const sampling = {
    params: words(SAMPLING.words, [...samplingWords(params)]),
    counts: words(vocab, session.counts ?? [0]),
    bias: floats([vocab], session.bias ?? [0]),
  }
  const masks = mask ? { mask: tensor([mask.length, 1], 'u32', mask) } : {}
  await run((ops) => ops.adjustLogits({ logits, vocab, pass, sampling, out, ...masks }))
  const [before, apart = []] = await read(logits, out)
  expect(before).toEqual(Array.from({ length: pass.rows }, () => row).flat())
  await run((ops) => ops.adjustLogits({ logits, vocab, pass, sampling, out: logits, ...masks }))
  expect(await read(logits)).toEqual([apart])
  return Array.from({ length: pass.rows }, (_, r) => apart.slice(r * vocab, (r + 1) * vocab))
}

const alone = () => treePass(9, [], [], 1)
const rounded = (values: readonly number[]) => values.map(Math.fround)

describe('adjustLogits', () => {
  test('zeros change nothing', async () => {
    expect(await adjusted(await alone(), {}, { counts: [1, 2, 3, 4, 5, 6], bias: [1, 1, 1, 1, 1, 1] })).toEqual([row])
  })

  test('repetition divides what is positive and multiplies what is not, in prompt and output', async () => {
    const counts = [1, IN_PROMPT, IN_PROMPT, 7, 0, 0]
    expect(await adjusted(await alone(), { repetition: 1.5 }, { counts })).toEqual([
      rounded([2 / 1.5, -1.5, 0.5 / 1.5, -4.5, 4, 1]),
    ])
  })

  test('presence and frequency count what was generated', async () => {
    const counts = [1, IN_PROMPT, IN_PROMPT + 2, 3, 0, 0]
    expect(await adjusted(await alone(), { presence: 0.5, frequency: 0.25 }, { counts })).toEqual([
      [1.25, -1, -0.5, -4.25, 4, 1],
    ])
  })

  test('then bias, which bans with -∞, then the mask, then temperature', async () => {
    const session = { counts: [2], bias: [1, low, 0.5, 0, 0, -1] }
    const params = { repetition: 2, presence: 1, biased: true, temperature: 0.5 }
    expect(await adjusted(await alone(), params, session, [0b101111])).toEqual([[2, low, 2, -6, low, 0]])
    expect(await adjusted(await alone(), { ...params, temperature: 0 }, session)).toEqual([[1, low, 1, -3, 4, 0]])
  })

  test('tokens drafted on a row’s own path count as generated, row 0’s does not', async () => {
    // Row 0 is the pending token. 1: token 2; 2: token 2 below it; 3: token 5 below row 0.
    const pass = await treePass(9, [2, 2, 5], [-1, 0, -1], 4)
    const [pending, first, second, sibling] = await adjusted(pass, { frequency: 1, repetition: 2 })
    expect(pending).toEqual(row)
    expect(first).toEqual([2, -1, 0.25 - 1, -3, 4, 1])
    expect(second).toEqual([2, -1, 0.25 - 2, -3, 4, 1])
    expect(sibling).toEqual([2, -1, 0.5, -3, 4, 0.5 - 1])
  })

  test('each row has a mask of its own, and a later part of a tree its own paths', async () => {
    const whole = await treePass(9, [2, 2, 5], [-1, 0, -1], 4)
    const [second, sibling] = await adjusted(
      { ...whole, first: 2, rows: 2 },
      { frequency: 1 },
      {},
      [0b111110, 0b011111],
    )
    expect(second).toEqual([low, -1, -1.5, -3, 4, 1])
    expect(sibling).toEqual([2, -1, 0.5, -3, 4, low])
  })

  test('NaN comes out as -∞', async () => {
    const logits = floats([1, 3], [none, low, 1])
    const sampling = { params: words(SAMPLING.words), counts: words(3), bias: floats([3]) }
    const pass = await alone()
    const [out] = await run((ops) => ops.adjustLogits({ logits, vocab: 3, pass, sampling, out: logits }), logits)
    expect(out).toEqual([low, low, 1])
  })
})
