import { type Backend, createEngine } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { webgpu } from '@outrider/kernels'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DraftProbe } from '../../../verify/src/draft-probe'
import { type ReferenceContext, readReference } from '../../../verify/src/reference'
import { earlyExit } from '../src'
import { faintFrom } from './early-exit-models'
import { watchedSession } from './early-exit-session'

const stories = 'models/stories-5m'
let backend: Backend
let contexts: readonly ReferenceContext[]

beforeAll(async () => {
  backend = await webgpu()
  contexts = await readReference(`${stories}/reference.json`)
})

afterAll(() => {
  expect(backend.stats.liveBytes).toBe(0)
  backend.dispose()
})

it('gives the tokens of plain decoding, in one submission and one read a round', async () => {
  const strategies = [
    earlyExit({ layer: 1, name: 'one layer', tokens: 2 }),
    earlyExit({ layer: 4, name: 'chain', tokens: 3 }),
    earlyExit({ layer: 4, name: 'tree', branches: [3, 2] }),
  ]
  const engine = await createEngine({
    backend,
    model: stories,
    capacity: 96,
    maxRows: 16,
    strategies,
    selfCheck: false,
  })
  const options = { maxTokens: 20, ignoreEos: true }
  for (const { promptIds } of contexts.slice(1, 3)) {
    const plain = await engine.complete(promptIds, options)
    for (const { name: strategy } of strategies) {
      const { ids, stats } = await engine.complete(promptIds, { strategy, ...options })
      expect({ strategy, ids }).toEqual({ strategy, ids: plain.ids })
      const { submits, reads, rounds, accepted } = stats
      const chunks = Math.ceil((promptIds.length - 1) / 16)
      expect({ strategy, submits, reads }).toEqual({ strategy, submits: rounds + chunks, reads: rounds })
      if (strategy !== 'one layer') expect(accepted).toBeGreaterThan(0)
    }
  }
  await engine.dispose()
})

it('drafts what the reference backend drafts, up to near ties', async () => {
  const strategy = earlyExit({ layer: 3, tokens: 4 })
  const drafted = []
  for (const on of [referenceBackend(), backend]) {
    const probe = await DraftProbe.open({ backend: on, model: stories, strategy })
    const found = []
    for (const { promptIds, greedyIds } of contexts.slice(0, 4)) {
      await probe.start([...promptIds, ...greedyIds.slice(0, 5)])
      found.push(await probe.draft({ nodes: 15, depth: 15 }))
    }
    drafted.push(found)
    await probe.dispose()
  }
  const [reference = [], device = []] = drafted
  let compared = 0
  reference.forEach(({ tree, steps }, i) => {
    const tie = steps.findIndex(({ logProbs: [best, next] }) => (best as number) - (next as number) < 0.02)
    const sure = tie < 0 ? steps.length : tie
    expect(device[i]?.tree.tokens.slice(0, sure)).toEqual(tree.tokens.slice(0, sure))
    compared += sure
  })
  expect(compared).toBeGreaterThan(12)
})

describe.each([
  ['chain', earlyExit({ layer: 2, tokens: 4 })],
  ['tree', earlyExit({ layer: 2, branches: [3, 2, 1] })],
])('a %s', (_, strategy) => {
  it('leaves the keys and values of plain decoding, bit for bit', async () => {
    const model = await faintFrom(1, 0.3)
    const found = []
    for (const each of [null, strategy]) {
      const { stepper, entries, dispose } = await watchedSession(model, each, 16, backend)
      await stepper.extend([5, 9, 11, 5, 9, 11, 5])
      while (stepper.sequence.tokens.length < 50) await stepper.round(50 - stepper.sequence.tokens.length)
      found.push({ tokens: [...stepper.sequence.tokens], entries: await entries(49) })
      if (each) expect(stepper.stats().accepted).toBeGreaterThan(4)
      await dispose()
    }
    expect(found[1]).toEqual(found[0])
  })
})
