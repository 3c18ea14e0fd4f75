import { type Backend, chain, type DecoderModel, type Engine, type TokenTree } from '@outrider/core'
import type { BackendInfo } from '@outrider/core/spec'
import { ModelProbe } from './model-probe'
import type { ReferenceContext } from './reference'

/** Steps whose reference margin is under this may fall either way in f16 or another order of sums. */
const nearTie = 0.02

/** What a check found; an empty list of faults is a pass. */
export interface CheckResult {
  readonly faults: readonly string[]
  /** What was compared, for the reader. */
  readonly note: string
}

/** Of the tolerances given the one for what a backend rounds to halves: nothing; keys and values, or factors of products; both. */
export function toleranceFor(
  { cacheType, arithmetic }: BackendInfo,
  tolerances: readonly [none: number, one: number, both: number],
): number {
  return tolerances[[cacheType, arithmetic].filter((type) => type === 'f16').length] as number
}

function largestDifference(a: ArrayLike<number>, b: readonly number[]): number {
  return b.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (a[i] as number))), 0)
}

/** The log-probability of each token, nats. */
export function logSoftmax(logits: Float32Array): (id: number) => number {
  const peak = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)
  const total = logits.reduce((sum, value) => sum + Math.exp(value - peak), 0)
  return (id) => (logits[id] as number) - peak - Math.log(total)
}

/** Log-probabilities and hidden states after the prompt, against the reference's, within `tolerance`. */
export async function checkFirstStep(
  backend: Backend,
  model: DecoderModel,
  contexts: readonly ReferenceContext[],
  layers: readonly number[],
  tolerance: number,
): Promise<CheckResult> {
  const faults: string[] = []
  let worst = 0
  const slots = Math.max(...contexts.map(({ promptIds }) => promptIds.length)) + 64
  const probe = new ModelProbe(backend, model, slots, 64, layers)
  try {
    for (const context of contexts) {
      await probe.start(context.promptIds)
      const { logits, finalHidden, layerInputs } = await probe.tree(chain([]))
      const logProb = logSoftmax(logits[0] as Float32Array)
      const found = {
        next: largestDifference(context.next.ids.map(logProb), context.next.logProbs),
        finalHidden8: largestDifference(finalHidden[0] as Float32Array, context.finalHidden8),
        auxHidden8: Math.max(
          ...layers.map((layer, i) =>
            largestDifference(layerInputs.get(layer)?.[0] ?? [], context.auxHidden8[i] ?? []),
          ),
        ),
      }
      for (const [name, difference] of Object.entries(found)) {
        worst = Math.max(worst, difference)
        if (!(difference <= tolerance))
          faults.push(`${JSON.stringify(context.text.slice(-40))}: ${name} is off by ${difference}`)
      }
    }
  } finally {
    probe.dispose()
  }
  return {
    faults,
    note: `${contexts.length} contexts, largest difference ${worst.toExponential(2)}, allowed ${tolerance}`,
  }
}

/** Greedy ids against the reference's: exactly, or (`ties`) up to the first step whose margin is a near tie. */
export async function checkGreedy(
  engine: Pick<Engine, 'complete'>,
  contexts: readonly ReferenceContext[],
  steps: number,
  ties: 'exact' | 'near ties may differ',
): Promise<CheckResult> {
  const faults: string[] = []
  let compared = 0
  for (const context of contexts) {
    const { ids } = await engine.complete(context.promptIds, { maxTokens: steps, ignoreEos: true })
    for (let i = 0; i < steps; i++) {
      compared++
      if (ids[i] === context.greedyIds[i]) continue
      const margin = context.greedyMargin[i] as number
      if (ties === 'exact' || margin >= nearTie)
        faults.push(
          `${JSON.stringify(context.text.slice(-40))}: step ${i} is ${ids[i]}, not ${context.greedyIds[i]} (margin ${margin})`,
        )
      break
    }
  }
  return { faults, note: `${contexts.length} contexts, ${compared} of ${contexts.length * steps} steps compared` }
}

/** Every strategy's ids against plain decoding's, token for token. */
export async function checkSameTokens(
  engine: Pick<Engine, 'complete'>,
  prompts: readonly (readonly number[])[],
  strategies: readonly string[],
  tokens: number,
): Promise<CheckResult> {
  const faults: string[] = []
  const lengths = new Map<string, number[]>(strategies.map((name) => [name, []]))
  for (const [number, prompt] of prompts.entries()) {
    const plain = await engine.complete(prompt, { maxTokens: tokens, ignoreEos: true })
    for (const strategy of strategies) {
      const { ids, stats } = await engine.complete(prompt, { strategy, maxTokens: tokens, ignoreEos: true })
      lengths.get(strategy)?.push(stats.meanAcceptanceLength)
      const at = plain.ids.findIndex((id, i) => ids[i] !== id)
      if (at >= 0 || ids.length !== plain.ids.length)
        faults.push(`${strategy}, prompt ${number}: token ${at} is ${ids[at]}, plain decoding has ${plain.ids[at]}`)
    }
  }
  const mean = (values: readonly number[]) => (values.reduce((a, b) => a + b, 0) / values.length).toFixed(2)
  const summary = [...lengths].map(([name, values]) => `${name} ${mean(values)}`).join(', ')
  return { faults, note: `${prompts.length} prompts, ${tokens} tokens; mean acceptance length: ${summary}` }
}

/**
 * Bits of the logits of one-row decodes against those of the same positions inside verify passes of every size: the path lies
 * interleaved with siblings, and is committed by compaction before the next pass. The model is loaded for the largest size.
 */
export async function checkBits(
  backend: Backend,
  model: DecoderModel,
  prompt: readonly number[],
  sizes: readonly number[] = [2, 5, 8, 17, 33, 64, 128, 256],
): Promise<CheckResult> {
  const faults: string[] = []
  let compared = 0
  const { vocab } = model.config
  // The largest passes hold the longest paths that strategies draft.
  const pathLength = (rows: number) => Math.min(rows > 64 ? 32 : 10, Math.floor((rows - 1) / 2) + 1)
  const total = sizes.reduce((sum, rows) => sum + pathLength(rows), 0)
  const largest = Math.max(...sizes)
  const probe = new ModelProbe(backend, model, prompt.length + total + largest, largest)
  try {
    const path = Array.from({ length: total + 1 }, (_, i) => (i * 7919 + 13) % vocab)
    const alone = await decodeAlone(probe, prompt, path)
    await probe.start(prompt)
    let at = 0
    for (const rows of sizes) {
      const length = pathLength(rows)
      const { tree, nodes } = bushy(path.slice(at, at + length), rows, vocab)
      const { logits } = await probe.tree(tree)
      const inTree = [logits[0], ...nodes.map((node) => logits[node + 1])] as Float32Array[]
      inTree.forEach((row, i) => {
        compared++
        if (!sameBits(row, alone[at + i] as Float32Array))
          faults.push(`${rows} rows: position ${i} of the path differs from a one-row decode`)
      })
      await probe.commit(tree, nodes.slice(0, -1), tree.tokens[nodes.at(-1) as number] as number)
      at += length
    }
  } finally {
    probe.dispose()
  }
  return { faults, note: `${compared} rows compared in passes of ${sizes.join(', ')} rows` }
}

/** Logits after the prompt and after each token of the path, one row a pass. */
async function decodeAlone(
  probe: ModelProbe,
  prompt: readonly number[],
  path: readonly number[],
): Promise<Float32Array[]> {
  const rows: Float32Array[] = []
  await probe.start(prompt, 1)
  for (const token of path) {
    const { logits } = await probe.tree(chain([]))
    rows.push(logits[0] as Float32Array)
    await probe.commit(chain([]), [], token)
  }
  return rows
}

/** A tree of `rows` rows whose path stands among siblings; `nodes` are the path's. */
function bushy(path: readonly number[], rows: number, vocab: number): { tree: TokenTree; nodes: readonly number[] } {
  const tokens: number[] = []
  const parents: number[] = []
  const nodes: number[] = []
  let spare = rows - 1 - path.length
  let parent = -1
  path.forEach((token, depth) => {
    const before = Math.ceil(spare / (path.length - depth))
    for (let i = 0; i < before; i++) {
      tokens.push((token + 1 + i) % vocab)
      parents.push(i % 2 === 0 ? parent : tokens.length - 2)
    }
    spare -= before
    nodes.push(tokens.length)
    tokens.push(token)
    parents.push(parent)
    parent = tokens.length - 1
  })
  return { tree: { tokens, parents }, nodes }
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  const [x, y] = [a, b].map(({ buffer, byteOffset, length }) => new Uint32Array(buffer, byteOffset, length)) as [
    Uint32Array,
    Uint32Array,
  ]
  return x.length === y.length && x.every((word, i) => word === y[i])
}
