import { chain, loadDecoder, openCheckpoint } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import type { Arithmetic } from '@outrider/core/spec'
import { expect, test } from 'vitest'
import { GeneratedModel } from '../../bench/src/generated-model'
import { modelShapes } from '../../bench/src/model-shapes'
import { logSoftmax } from './checks'
import { checkAlongText } from './coarse-checks'
import { ModelProbe } from './model-probe'

const made = new GeneratedModel('tiny', modelShapes.tiny!, 'q4_0')
async function open(arithmetic: Arithmetic) {
  const backend = referenceBackend({ arithmetic })
  const checkpoint = await openCheckpoint(made.url, made.load)
  const model = await loadDecoder(backend, checkpoint, { slots: 64, maxRows: 16 })
  await checkpoint.close()
  return { backend, model }
}

test('i8 stays near the reference along its text, and another text is found out', async () => {
  const { backend, model } = await open('f32')
  const probe = new ModelProbe(backend, model, 64, 16)
  const contexts = []
  for (const promptIds of [
    [5, 9, 3],
    [7, 2],
  ]) {
    await probe.start(promptIds)
    const greedyIds: number[] = []
    let next = { ids: [] as number[], logProbs: [] as number[] }
    for (let i = 0; i < 16; i++) {
      const row = (await probe.tree(chain([]))).logits[0]!
      const order = [...row.keys()].sort((a, b) => row[b]! - row[a]!)
      if (i === 0) next = { ids: order.slice(0, 8), logProbs: order.slice(0, 8).map(logSoftmax(row)) }
      greedyIds.push(order[0]!)
      await probe.commit(chain([]), [], order[0]!)
    }
    contexts.push({ promptIds, greedyIds, next })
  }
  probe.dispose()
  expect((await checkAlongText(backend, model, contexts)).note).toMatch(/^32 of 32 greedy tokens equal/)
  const coarse = await open('i8')
  const { faults, note } = await checkAlongText(coarse.backend, coarse.model, contexts)
  expect(faults).toEqual([])
  expect(note).not.toMatch(/off by 0\.00e\+0/)
  const other = contexts.map((context) => ({
    ...context,
    greedyIds: context.greedyIds.map((id) => (id + 1) % 320),
    next: { ...context.next, logProbs: context.next.logProbs.map((value) => value - 1) },
  }))
  expect((await checkAlongText(coarse.backend, coarse.model, other)).faults).toHaveLength(2)
})
