import { expect, test } from 'vitest'
import { engineOn } from '../../core/test/support/engines'
import { alternating, silent } from '../../core/test/support/strategies'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { draftModel, earlyExit } from '../src'

const folder = await writeTinyModel({ seed: 3, config: { max_position_embeddings: 600 } })
const long = Array.from({ length: 240 }, (_, i) => (i * 13 + 5) % 61)

// The reference backend refuses a pass whose rows stand beyond its reach.
test.each([
  draftModel({ model: folder, tokens: 4 }),
  draftModel({ model: folder, branches: [3, 2, 1] }),
  earlyExit({ layer: 1, tokens: 4 }),
])('drafts of a session that grows past a reach: $name', async (strategy) => {
  const strategies = [strategy, alternating('in turns', [strategy, silent(), silent()])]
  const engine = await engineOn(folder, { capacity: 400, strategies })
  const run = (name: string) => engine.complete(long, { strategy: name, maxTokens: 24, ignoreEos: true })
  const plain = await run('plain')
  for (const { name } of strategies) {
    const { ids, stats } = await run(name)
    expect(ids).toEqual(plain.ids)
    expect(stats.drafts).toBeGreaterThan(3)
  }
})
