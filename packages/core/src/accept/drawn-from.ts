import { OutriderError } from '../errors'
import type { DrawnTree } from '../spec'
import { normalised } from './mass'

/**
 * What the children of a row were drawn from, f64 [vocab]; null: point masses. Throws `TREE_MALFORMED` where it says nothing of some
 * tokens, or gives a drafted one no mass.
 */
export function drawnFrom({ q, tokens, parents }: DrawnTree, row: number, vocab: number): Float64Array | null {
  const known = q?.[row]
  if (!known) return null
  const fail = (what: string): never => {
    throw new OutriderError('TREE_MALFORMED', `q of row ${row} of a draft ${what}`, { details: { row } })
  }
  if (known.length !== vocab) fail(`has ${known.length} probabilities, but the vocabulary has ${vocab} tokens`)
  if (!known.every((value) => value >= 0 && value <= 1)) fail('holds numbers that are no probabilities')
  tokens.forEach((token, node) => {
    if (parents[node] === row - 1 && known[token] === 0)
      fail(`gives token ${token} no probability, yet it was drawn: q has to be what the draft was drawn from`)
  })
  return normalised(Float64Array.from(known))
}
