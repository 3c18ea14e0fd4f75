import { SAMPLING } from '../../sample'
import type { Pass, SamplingOps } from '../../spec'
import { IN_PROMPT, INDEX, MAX_PATH } from '../../spec'
import { host } from '../memory'
import { liveRows } from './attention'
import { numberOf } from './choose'

/** Tokens of a row's path below row 0: drafted, and not counted yet. */
function pathTokens(pass: Pass, row: number): readonly number[] {
  const index = host(pass.index).words
  const depth = (index[INDEX.positions + row] as number) - (index[INDEX.base] as number)
  const path = index.subarray(INDEX.paths + row * MAX_PATH + 1, INDEX.paths + row * MAX_PATH + 1 + depth)
  return Array.from(path, (ancestor) => host(pass.tokens).words[ancestor] as number)
}

/** Penalties, bias, mask, temperature. */
export function adjust(args: Parameters<SamplingOps['adjustLogits']>[0]): void {
  const { vocab, pass, sampling, mask } = args
  const [logits, out] = [host(args.logits).floats, host(args.out).floats]
  const params = host(sampling.params)
  const [floats, counts, bias] = [params.bitsAsFloats, host(sampling.counts).words, host(sampling.bias).floats]
  const factor = floats[SAMPLING.repetition] || 1
  const [presence, frequency] = [floats[SAMPLING.presence] as number, floats[SAMPLING.frequency] as number]
  const temperature = floats[SAMPLING.temperature] || 1
  const biased = params.words[SAMPLING.biased] === 1
  const allowed = (r: number, id: number): boolean => {
    const word = mask ? (host(mask).words[r * Math.ceil(vocab / 32) + (id >>> 5)] as number) : -1
    return ((word >>> (id & 31)) & 1) === 1
  }
  for (let r = 0; r < liveRows(pass); r++) {
    const drafted = new Map<number, number>()
    for (const token of pathTokens(pass, pass.first + r)) drafted.set(token, (drafted.get(token) ?? 0) + 1)
    for (let id = 0; id < vocab; id++) {
      const count = counts[id] as number
      const generated = (count & ~IN_PROMPT) + (drafted.get(id) ?? 0)
      let logit = numberOf(logits[r * vocab + id] as number)
      if (generated > 0 || count >= IN_PROMPT) logit = logit > 0 ? logit / factor : logit * factor
      if (generated > 0) logit -= presence + frequency * generated
      if (biased) logit += bias[id] as number
      out[r * vocab + id] = allowed(r, id) ? logit / temperature : Number.NEGATIVE_INFINITY
    }
  }
}
