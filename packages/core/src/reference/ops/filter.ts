import { SAMPLING } from '../../sample'
import type { SamplingOps } from '../../spec'
import { host } from '../memory'
import { liveRows } from './attention'
import { numberOf } from './choose'

/** A token that is left, and its probability among all at first. */
interface Candidate {
  readonly id: number
  readonly logit: number
  readonly p: number
}

/**
 * The smallest set of the candidates with the least `key` whose mass reaches `share` of theirs, and all that equal the last of it.
 */
function nucleus(left: readonly Candidate[], key: (of: Candidate) => number, share: number): readonly Candidate[] {
  const order = [...left].sort((a, b) => key(a) - key(b))
  const total = order.reduce((sum, { p }) => sum + p, 0)
  let mass = 0
  const last = order.find(({ p }) => {
    mass += p
    return mass >= share * total
  })
  const most = key((last ?? order.at(-1)) as Candidate)
  return order.filter((candidate) => key(candidate) <= most)
}

/** Minus the information expected of the candidates, up to the constant that their logits have. */
function expectedLogit(left: readonly Candidate[]): number {
  const total = left.reduce((sum, { p }) => sum + p, 0)
  return left.reduce((sum, { p, logit }) => sum + p * logit, 0) / total
}

/** The filters that are on. */
interface Choice {
  readonly topK: number | undefined
  readonly topP: number | undefined
  readonly minP: number | undefined
  readonly typicalP: number | undefined
}

function choice(words: Uint32Array, floats: Float32Array): Choice {
  const of = (value: number | undefined, most: number) => (value && value > 0 && value < most ? value : undefined)
  const share = (at: number) => of(floats[at], 1)
  const { topK, topP, minP, typicalP } = SAMPLING
  return {
    topK: of(words[topK], Number.POSITIVE_INFINITY),
    topP: share(topP),
    minP: of(floats[minP], Number.POSITIVE_INFINITY),
    typicalP: share(typicalP),
  }
}

/** What top-k, top-p, min-p and typical-p leave, in this order. */
function kept(all: readonly Candidate[], { topK, topP, minP, typicalP }: Choice): readonly Candidate[] {
  let left = all
  if (topK && topK < left.length) {
    const least = left.map(({ logit }) => logit).sort((a, b) => b - a)[topK - 1] as number
    left = left.filter(({ logit }) => logit >= least)
  }
  if (topP) left = nucleus(left, ({ logit }) => -logit, topP)
  if (minP) {
    const peak = left.reduce((most, { logit }) => Math.max(most, logit), Number.NEGATIVE_INFINITY)
    left = left.filter(({ logit }) => logit - peak >= Math.min(0, Math.log(minP)))
  }
  if (typicalP) {
    const mean = expectedLogit(left) // -log p - H = mean - logit
    left = nucleus(left, ({ logit }) => Math.abs(logit - mean), typicalP)
  }
  return left
}

/** Sets what is filtered out to -∞. */
export function filter({ logits, vocab, pass, sampling }: Parameters<SamplingOps['filterLogits']>[0]): void {
  const params = host(sampling.params)
  const on = choice(params.words, params.bitsAsFloats)
  if (params.bitsAsFloats[SAMPLING.temperature] === 0 || Object.values(on).every((value) => value === undefined)) return
  for (let r = 0; r < liveRows(pass); r++) {
    const row = host(logits).floats.subarray(r * vocab, (r + 1) * vocab)
    const numbers = Array.from(row, (logit, id) => ({ id, logit: numberOf(logit) }))
    const peak = numbers.reduce((most, { logit }) => Math.max(most, logit), Number.NEGATIVE_INFINITY)
    const all = numbers
      .filter(({ logit }) => logit > Number.NEGATIVE_INFINITY)
      .map(({ id, logit }) => ({ id, logit, p: Math.exp(logit - peak) }))
    row.fill(Number.NEGATIVE_INFINITY)
    if (all.length === 0) continue
    for (const { id, logit } of kept(all, on)) row[id] = logit
  }
}
