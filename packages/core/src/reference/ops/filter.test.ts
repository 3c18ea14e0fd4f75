import { describe, expect, test } from 'vitest'
import { softmax } from '../../../test/support/chi-square'
import { floats, run, treePass, words } from '../../../test/support/reference-run'
import { type SamplingParams, samplingWords } from '../../sample'
import { SAMPLING } from '../../spec'

const { NaN: none, NEGATIVE_INFINITY: low } = Number

/** What `filterLogits` keeps of each row. */
async function kept(rows: readonly (readonly number[])[], params: SamplingParams): Promise<number[][]> {
  const vocab = (rows[0] as readonly number[]).length
  const pass = await treePass(
    4,
    new Array(rows.length - 1).fill(9),
    Array.from(rows.slice(1), (_, i) => i - 1),
    rows.length,
  )
  const logits = floats([rows.length, vocab], rows.flat())
  const sampling = {
    params: words(SAMPLING.words, [...samplingWords({ temperature: 1, ...params })]),
    counts: words(vocab),
    bias: floats([vocab]),
  }
  const [out = []] = await run((ops) => ops.filterLogits({ logits, vocab, pass, sampling }), logits)
  return rows.map((row, r) =>
    row.flatMap((logit, id) => {
      const left = out[r * vocab + id] as number
      if (!(left > low)) return []
      expect(left).toBe(Math.fround(logit))
      return [id]
    }),
  )
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** The definition without sorting: a token stays while what is strictly better than it does not fill the set. */
function expected(row: readonly number[], { topK = 0, topP = 0, minP = 0, typicalP = 0 }: SamplingParams): number[] {
  const all = softmax(row.map((logit) => (Number.isNaN(logit) ? low : logit)))
  let left = [...row.keys()].filter((id) => (row[id] as number) > low)
  const p = (id: number): number => (all[id] as number) / sum(left.map((other) => all[other] as number))
  const shares = (): ReadonlyMap<number, number> => new Map(left.map((id) => [id, p(id)]))
  const better = (key: (id: number) => number, id: number): number[] => left.filter((other) => key(other) < key(id))
  if (topK > 0) left = left.filter((id) => better((v) => -(row[v] as number), id).length < topK)
  if (topP > 0 && topP < 1) {
    const of = shares()
    left = left.filter((id) => sum(better((v) => -(row[v] as number), id).map((v) => of.get(v) as number)) < topP)
  }
  if (minP > 0) {
    const of = shares()
    left = left.filter((id) => (of.get(id) as number) >= minP * Math.max(...of.values()))
  }
  if (typicalP > 0 && typicalP < 1) {
    const of = shares()
    const entropy = sum([...of.values()].map((share) => (share > 0 ? -share * Math.log(share) : 0)))
    const key = (v: number): number => Math.abs(-Math.log(of.get(v) as number) - entropy)
    left = left.filter((id) => sum(better(key, id).map((v) => of.get(v) as number)) < typicalP)
  }
  return left
}

const random = Array.from({ length: 200 }, (_, id) => Math.fround(4 * Math.sin(1e4 * Math.sin(id + 1))))
const rows = {
  random,
  tied: random.map((logit) => Math.round(logit)),
  peaked: random.map((logit, id) => (id === 77 ? 30 : logit)),
  uniform: random.map(() => -2),
  banned: random.map((logit, id) => (id % 3 === 0 ? low : id % 7 === 0 ? none : logit)),
  one: random.map((_, id) => (id === 5 ? -100 : low)),
}
const choices: readonly SamplingParams[] = [
  {},
  ...[1, 2, 17, 199, 200, 5000].map((topK) => ({ topK })),
  ...[1e-6, 0.1, 0.5, 0.9, 0.999, 1].map((topP) => ({ topP })),
  ...[1e-3, 0.2, 0.9, 1].map((minP) => ({ minP })),
  ...[1e-6, 0.2, 0.7, 0.95, 1].map((typicalP) => ({ typicalP })),
  { topK: 50, topP: 0.8 },
  { topK: 80, topP: 0.95, minP: 0.1, typicalP: 0.6 },
  { minP: 0.05, typicalP: 0.9 },
]

describe('filterLogits', () => {
  test.each(choices)('keeps what the definition says: %o', async (params) => {
    const names = Object.keys(rows) as (keyof typeof rows)[]
    const found = await kept(
      names.map((name) => rows[name]),
      params,
    )
    for (const [r, name] of names.entries()) {
      expect(found[r], name).toEqual(expected(rows[name], params))
      expect(found[r]?.length).toBeGreaterThan(0)
    }
  })

  test('works it out on small rows', async () => {
    const row = [0.5, 0.2, 0.15, 0.1, 0.05].map(Math.log)
    const of = async (params: SamplingParams) => (await kept([row], params))[0]
    expect(await of({ topK: 2 })).toEqual([0, 1])
    expect(await of({ topP: 0.6 })).toEqual([0, 1])
    expect(await of({ topP: 0.71 })).toEqual([0, 1, 2])
    expect(await of({ minP: 0.25 })).toEqual([0, 1, 2])
    // H is 1.333 nats: 1.61 is the nearest information, then 1.90, then 0.69.
    expect(await of({ typicalP: 0.1 })).toEqual([1])
    expect(await of({ typicalP: 0.3 })).toEqual([1, 2])
    expect(await of({ typicalP: 0.5 })).toEqual([0, 1, 2])
    // Top-p looks at what top-k left: 0.5 of 0.7 is enough.
    expect(await of({ topK: 2, topP: 0.7 })).toEqual([0])
  })

  test('does nothing at temperature 0, and leaves a row of nothing', async () => {
    expect(await kept([random], { temperature: 0, topK: 1, typicalP: 0.1 })).toEqual([[...random.keys()]])
    expect(await kept([[none, low, low]], { topK: 1, topP: 0.5, minP: 0.5, typicalP: 0.5 })).toEqual([[]])
  })
})
