import { gumbelOf, noiseWords, SAMPLING, type Words4 } from '../../sample'
import type { SamplingOps } from '../../spec'
import { INDEX, OUTCOME } from '../../spec'
import { host } from '../memory'
import { liveRows } from './attention'
import { largest, logSum, numberOf } from './choose'

type Noised = Parameters<SamplingOps['perturbLogits']>[0]

/** Logits over `divisor` plus the noise of each token of row `r`; a copy. Logits of no probability stay -∞. */
function perturbed(args: Noised, r: number, divisor: number): Float32Array {
  const { vocab, pass, sampling, ahead = 1, stream = 0, targetIds } = args
  const { words } = host(sampling.params)
  const position = (host(pass.index).words[INDEX.positions + pass.first + r] as number) + ahead
  const [seedLow, seedHigh, sequence] = [SAMPLING.seedLow, SAMPLING.seedHigh, SAMPLING.sequence].map(
    (at) => words[at] as number,
  ) as [number, number, number]
  const map = targetIds && host(targetIds).words
  const row = host(args.logits).floats.slice(r * vocab, (r + 1) * vocab)
  let known = -1
  let noise: Words4 = [0, 0, 0, 0]
  for (let v = 0; v < vocab; v++) {
    const id = map ? (map[v] as number) : v
    if (id >>> 2 !== known) {
      known = id >>> 2
      noise = noiseWords({ seedLow, seedHigh, sequence, stream }, position, known)
    }
    row[v] = numberOf(row[v] as number) / divisor + gumbelOf(noise[id & 3] as number)
  }
  return row
}

/** The token of each row. */
export function draw(args: Parameters<SamplingOps['sample']>[0]): void {
  const { logits, vocab, pass, sampling, at = 0 } = args
  const greedy = host(sampling.params).bitsAsFloats[SAMPLING.temperature] === 0
  for (let r = 0; r < liveRows(pass); r++)
    host(args.out).words[at + r] = greedy
      ? largest(host(logits).floats, r * vocab, vocab)
      : largest(perturbed(args, r, 1), 0, vocab)
}

/** Logits over the temperature, with noise. */
export function perturb(args: Noised): void {
  const temperature = host(args.sampling.params).bitsAsFloats[SAMPLING.temperature] as number
  if (temperature === 0) return
  for (let r = 0; r < liveRows(args.pass); r++)
    host(args.logits).floats.set(perturbed(args, r, temperature), r * args.vocab)
}

/** Counts committed tokens. */
export function count({ outcome, sampling }: Parameters<SamplingOps['countTokens']>[0]): void {
  const { words } = host(outcome)
  const counts = host(sampling.counts).words
  const end = OUTCOME.tokens + (words[OUTCOME.accepted] as number) + 1
  for (const token of words.subarray(OUTCOME.tokens, end))
    if (token < counts.length) counts[token] = (counts[token] as number) + 1
}

/** Log-probabilities of one token a row. */
export function logProbs(args: Parameters<SamplingOps['logProbsOf']>[0]): void {
  const { vocab, rows, at = 0 } = args
  for (let r = 0; r < rows; r++) {
    const row = host(args.logits).floats.subarray(r * vocab, (r + 1) * vocab)
    const logit = numberOf(row[host(args.ids).words[at + r] as number] ?? Number.NaN)
    host(args.out).floats[at + r] = logit === Number.NEGATIVE_INFINITY ? logit : logit - logSum(row)
  }
}
