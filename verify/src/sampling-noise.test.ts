import { createEngine, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { DRAFT_STREAM } from '@outrider/core/spec'
import { expect, it } from 'vitest'
import { withOtherNoise } from './other-noise'
import { readReference } from './reference'
import { everyStrategy } from './strategies'

const folder = 'models/stories-5m'
const contexts = await readReference(`${folder}/reference.json`)
const all = everyStrategy(folder, 6)

// Far below temperature 1 a drafter's most likely token is the draw about as often: there only other noise is compared.
it.each(['draft chain', 'eagle3 chain'])('%s: the target’s noise gets more drafts accepted', async (name) => {
  const strategy = all.find((each) => each.name === name) as Strategy
  const backend = referenceBackend()
  const engine = await createEngine({
    backend,
    model: folder,
    capacity: 128,
    selfCheck: false,
    strategies: [
      strategy,
      withOtherNoise(strategy, 'apart', (noise) => ({ ...noise, stream: DRAFT_STREAM })),
      withOtherNoise(strategy, 'most likely', () => null),
    ],
  })
  const accepted = async (drafts: string, temperature: number) => {
    let sum = 0
    for (const [seed, { promptIds }] of contexts.slice(1, 3).entries()) {
      const request = { strategy: drafts, temperature, seed, maxTokens: 40, ignoreEos: true }
      sum += (await engine.complete(promptIds, request)).stats.accepted
    }
    return sum
  }
  try {
    expect(await accepted(name, 0.7)).toBeGreaterThan(await accepted('apart', 0.7))
    const own = await accepted(name, 1.3)
    expect(own).toBeGreaterThan(await accepted('apart', 1.3))
    expect(own).toBeGreaterThan(await accepted('most likely', 1.3))
  } finally {
    await engine.dispose()
  }
  expect(backend.stats.liveBytes).toBe(0)
})
