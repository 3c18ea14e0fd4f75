import { chain, createEngine, loadDecoder, openCheckpoint } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import type { Arithmetic } from '@outrider/core/spec'
import { ModelProbe } from '../../verify/src/model-probe'
import type { ReferenceContext } from '../../verify/src/reference'

/**
 * Contexts with the greedy ids of `model` on the reference backend in an arithmetic, rounding as SwiftShader does, in place of their own, and each step's margin:
 * what a quantised model has to give, which is not quite the text of the model that it was made of.
 */
export async function greedyReference(
  model: string,
  arithmetic: Arithmetic,
  contexts: readonly ReferenceContext[],
  steps: number,
): Promise<readonly ReferenceContext[]> {
  const backend = referenceBackend({ arithmetic, fusedMultiplyAdd: false })
  const engine = await createEngine({ backend, model, capacity: 128, maxRows: 1, selfCheck: false })
  const checkpoint = await openCheckpoint(model)
  const decoder = await loadDecoder(backend, checkpoint, { slots: 128, maxRows: 64 })
  await checkpoint.close()
  const probe = new ModelProbe(backend, decoder, 128, 64)
  const found: ReferenceContext[] = []
  for (const context of contexts) {
    const { ids } = await engine.complete(context.promptIds, { maxTokens: steps, ignoreEos: true })
    await probe.start(context.promptIds)
    const { logits } = await probe.tree(chain(ids.slice(0, -1)))
    found.push({ ...context, greedyIds: ids, greedyMargin: logits.map(margin) })
  }
  probe.dispose()
  decoder.dispose()
  await engine.dispose()
  return found
}

/** Nats between the best token and the next. */
function margin(logits: Float32Array): number {
  const [best = Number.NaN, next = Number.NaN] = logits.toSorted().reverse()
  return best - next
}
