import type { Finish, GenerateOptions, Part, RoundRecord, Strategy } from '@outrider/core'
import { describe, expect, test } from 'vitest'
import { checkTree, depths } from '../src/tree'
import { onDevice } from './support/device-draft'
import { engineOn } from './support/engines'
import { oracle, randomTrees } from './support/strategies'
import { writeTinyModel } from './support/tiny-model'

const prompt = [5, 9, 11, 5, 9, 11, 5]
const model = await writeTinyModel({ seed: 3 })
const plain = await engineOn(model)
const { vocab } = plain.model
const options: GenerateOptions = { maxTokens: 30, ignoreEos: true }
const text = [...prompt, ...(await plain.complete(prompt, options)).ids]

const strategies: readonly Strategy[] = [
  oracle(text, 3),
  { ...randomTrees(vocab, 12, 2, text), name: 'trees' },
  { ...onDevice(randomTrees(vocab, 12, 2, text), false), name: 'device trees' },
]
const engine = await engineOn(model, { strategies })

async function partsOf(given: GenerateOptions): Promise<readonly Part[]> {
  const parts: Part[] = []
  for await (const part of engine.generate(prompt, { ...options, ...given })) parts.push(part)
  return parts
}

/** Log-probability of `id` after `ids`, by a generation of one token that is biased to it. */
async function logProbAfter(ids: readonly number[], id: number): Promise<number> {
  const { tokens } = await plain.complete(ids, {
    maxTokens: 1,
    logProbs: true,
    logitBias: { [id]: 1000 },
    ignoreEos: true,
  })
  expect(tokens[0]?.id).toBe(id)
  return tokens[0]?.logProb as number
}

describe.each(['plain', 'oracle', 'trees', 'device trees'])('%s', (strategy) => {
  test('tells of every round what was drafted and kept, and changes no token', async () => {
    const parts = await partsOf({ strategy, rounds: true })
    const records = parts.map(({ round }) => round as RoundRecord)
    const { ids, stats } = (parts.at(-1) as Part).finish as Finish
    expect(ids).toEqual(text.slice(prompt.length))
    expect(records).toHaveLength(stats.rounds)
    let start = 0
    for (const { tree, path, by, logProbs, ms, tokens, ...record } of records) {
      expect(record.start).toBe(start)
      expect(ids.slice(start, start + tokens.length)).toEqual(tokens.slice(0, ids.length - start))
      start += tokens.length
      checkTree(tree, { nodes: 63, depth: 63, vocab }, strategy)
      expect(path.map((node) => tree.tokens[node])).toEqual(tokens.slice(0, -1))
      expect(path.map((node) => depths(tree.parents)[node])).toEqual(path.map((_, level) => level + 1))
      expect(by).toEqual(tree.tokens.map(() => [strategy]))
      expect(logProbs.every((nats) => nats <= 0)).toBe(true)
      expect(logProbs).toHaveLength(tree.tokens.length)
      expect(ms.host).toBeGreaterThan(0)
    }
    expect(records.reduce((sum, { tree }) => sum + tree.tokens.length, 0)).toBe(stats.evaluated)
    expect(records.reduce((sum, { path }) => sum + path.length, 0)).toBe(stats.accepted)
  })

  test('tells nothing where nobody asks', async () => {
    const parts = await partsOf({ strategy })
    expect(parts.map(({ round }) => round)).toEqual(parts.map(() => null))
  })
})

test('log-probabilities of drafts are those of the model after their parents, also where sampling changes its logits', async () => {
  const given = { temperature: 0.7, topK: 5, seed: 4, frequencyPenalty: 0.3 }
  const parts = await partsOf({ strategy: 'device trees', rounds: true, ...given })
  const round = parts.map((part) => part.round as RoundRecord).find(({ tree }) => tree.tokens.length > 6) as RoundRecord
  const ids = parts.at(-1)?.finish?.ids as readonly number[]
  const { tokens, parents } = round.tree
  for (const node of [0, 3, tokens.length - 1]) {
    const path: number[] = []
    for (let at = parents[node] as number; at >= 0; at = parents[at] as number) path.unshift(tokens[at] as number)
    const before = [...prompt, ...ids.slice(0, round.start), ...path]
    expect(round.logProbs[node]).toBeCloseTo(await logProbAfter(before, tokens[node] as number), 4)
  }
})

test('a generation that is resumed tells of its rounds where it stands in the whole', async () => {
  const parts = await partsOf({ strategy: 'oracle', rounds: true })
  const second = parts[1]
  const saved = second?.checkpoint()
  if (!saved) throw new Error('no checkpoint')
  const rest: (RoundRecord | null)[] = []
  for await (const { round } of engine.resume(saved, { rounds: true })) rest.push(round)
  expect(rest.map((round) => round?.start)).toEqual(parts.slice(2).map(({ round }) => round?.start))
})
