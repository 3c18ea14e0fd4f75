import { type Backend, chain, type DecoderModel } from '@outrider/core'
import { type CheckResult, logSoftmax } from './checks'
import { ModelProbe } from './model-probe'
import type { ReferenceContext } from './reference'

/**
 * What an arithmetic that rounds activations may lose against the reference's float32. SmolLM2 in Q4_1 in i8 has 373 of the
 * 384 greedy tokens, and the eight most probable log-probabilities off by 0.18 nats (rms).
 */
const allowed = { sameGreedy: 0.95, nats: 0.25 }

/**
 * Most probable tokens along the reference's greedy text, the true tokens before each, and the log-probabilities after the
 * prompt: their share and their error within what is allowed, and three standard errors of so many choices.
 */
export async function checkAlongText(
  backend: Backend,
  model: DecoderModel,
  contexts: readonly Pick<ReferenceContext, 'promptIds' | 'greedyIds' | 'next'>[],
): Promise<CheckResult> {
  const sums = { choices: 0, same: 0, logProbs: 0, squares: 0, worst: 0 }
  const most = Math.max(...contexts.map(({ promptIds }) => promptIds.length))
  const rows = Math.max(...contexts.map(({ greedyIds }) => greedyIds.length))
  const probe = new ModelProbe(backend, model, most + rows, rows)
  try {
    for (const { promptIds, greedyIds, next } of contexts) {
      await probe.start(promptIds)
      const { logits } = await probe.tree(chain(greedyIds.slice(0, -1)), rows)
      for (const [i, row] of logits.entries()) {
        const best = row.reduce((at, value, id) => (value > (row[at] as number) ? id : at), 0)
        sums.choices++
        sums.same += best === greedyIds[i] ? 1 : 0
      }
      const logProb = logSoftmax(logits[0] as Float32Array)
      for (const [i, id] of next.ids.entries()) {
        const error = Math.abs(logProb(id) - (next.logProbs[i] as number))
        sums.logProbs++
        sums.squares += error ** 2
        sums.worst = Math.max(sums.worst, error)
      }
    }
  } finally {
    probe.dispose()
  }
  const share = sums.same / sums.choices
  const least = allowed.sameGreedy - 3 * Math.sqrt((allowed.sameGreedy * (1 - allowed.sameGreedy)) / sums.choices)
  const rms = Math.sqrt(sums.squares / sums.logProbs)
  const faults = [
    ...(share >= least ? [] : [`${share} of the greedy tokens are the reference's, not ${least}`]),
    ...(rms <= allowed.nats ? [] : [`log-probabilities are off by ${rms} nats (rms), not ${allowed.nats}`]),
  ]
  const note = `${sums.same} of ${sums.choices} greedy tokens equal, log-probabilities off by ${rms.toExponential(2)} (rms), ${sums.worst.toExponential(2)} (most)`
  return { faults, note }
}
