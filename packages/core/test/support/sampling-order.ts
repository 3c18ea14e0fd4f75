import { type GenerateOptions, gumbelOf, noiseWords } from '@outrider/core'

/** What a token is chosen by, besides its logits. */
export interface Choice {
  readonly prompt: readonly number[]
  readonly generated: readonly number[]
  /** Whether the constraint allows a token. */
  readonly allowed: (id: number) => boolean
  readonly options: GenerateOptions & { readonly seed: number; readonly temperature: number }
}

/** The stages by which a token is chosen, in their order. */
export const stages = ['penalties', 'bias', 'mask', 'temperature', 'top-k', 'top-p', 'min-p', 'typical-p'] as const
export type Stage = (typeof stages)[number]

/** The token that is chosen of what processors left, stage by stage as written down in `SamplingOps`, in doubles. */
export function chosen(given: Float32Array, choice: Choice, order: readonly Stage[] = stages): number {
  const logits = order.reduce((values, stage) => apply[stage](values, choice), Array.from(given))
  const { prompt, generated, options } = choice
  const key = { seedLow: options.seed, seedHigh: 0, sequence: 0, stream: 0 }
  const position = prompt.length + generated.length
  const drawn = logits.map((logit, id) => logit + gumbelOf(noiseWords(key, position, id >>> 2)[id & 3] as number))
  return drawn.indexOf(Math.max(...drawn))
}

const apply: Readonly<Record<Stage, (logits: readonly number[], choice: Choice) => number[]>> = {
  penalties: (logits, { prompt, generated, options }) => {
    const { repetitionPenalty = 1, presencePenalty = 0, frequencyPenalty = 0 } = options
    return logits.map((logit, id) => {
      const times = generated.filter((token) => token === id).length
      const repeated = times > 0 || prompt.includes(id)
      const penalised = !repeated ? logit : logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty
      return penalised - (times > 0 ? presencePenalty : 0) - frequencyPenalty * times
    })
  },
  bias: (logits, { options }) =>
    logits.map((logit, id) =>
      options.bannedTokens?.includes(id) ? Number.NEGATIVE_INFINITY : logit + (options.logitBias?.[id] ?? 0),
    ),
  mask: (logits, { allowed }) => logits.map((logit, id) => (allowed(id) ? logit : Number.NEGATIVE_INFINITY)),
  temperature: (logits, { options }) => logits.map((logit) => logit / options.temperature),
  'top-k': (logits, { options: { topK = 0 } }) => {
    const least = logits.toSorted((a, b) => b - a)[topK - 1] ?? Number.NEGATIVE_INFINITY
    return keep(logits, (id) => (logits[id] as number) >= least)
  },
  'top-p': (logits, { options: { topP = 1 } }) => {
    const p = softmax(logits)
    return keep(
      logits,
      within(p, topP, (id) => -(p[id] as number)),
    )
  },
  'min-p': (logits, { options: { minP = 0 } }) => {
    const p = softmax(logits)
    return keep(logits, (id) => (p[id] as number) >= minP * Math.max(...p))
  },
  'typical-p': (logits, { options: { typicalP = 1 } }) => {
    const p = softmax(logits)
    const entropy = p.reduce((sum, mass) => (mass > 0 ? sum - mass * Math.log(mass) : sum), 0)
    return keep(
      logits,
      within(p, typicalP, (id) => Math.abs(-Math.log(p[id] as number) - entropy)),
    )
  },
}

function keep(logits: readonly number[], kept: (id: number) => boolean): number[] {
  return logits.map((logit, id) => (kept(id) ? logit : Number.NEGATIVE_INFINITY))
}

/** The smallest set of this mass, of tokens by `rank`, least first. */
function within(p: readonly number[], mass: number, rank: (id: number) => number): (id: number) => boolean {
  if (mass >= 1) return () => true
  const kept = new Set<number>()
  let sum = 0
  for (const id of p.map((_, at) => at).sort((a, b) => rank(a) - rank(b))) {
    if (sum >= mass) break
    kept.add(id)
    sum += p[id] as number
  }
  return (id) => kept.has(id)
}

/** Probabilities of logits. */
export function softmax(logits: readonly number[]): number[] {
  const peak = Math.max(...logits)
  const all = logits.map((logit) => Math.exp(logit - peak))
  const total = all.reduce((sum, value) => sum + value, 0)
  return all.map((value) => value / total)
}
