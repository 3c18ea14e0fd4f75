import { type AcceptanceRule, createEngine, type GenerateOptions } from '@outrider/core'
import { webgpu } from '@outrider/kernels'
import { expect, test } from 'vitest'
import { checkShaped, rules, shapings } from './constrained'
import { everyStrategy } from './strategies'

const folder = 'models/stories-5m'
const prompt = 'Once upon a time there was a dog. '
const tokens = 7

/** A tree that grows on the device, a draft of the host and a rule on the host, all held to a constraint, two to processors as well. */
const runs = [
  ['exact', 'eagle3 dynamic', 'constraint'],
  ['exact', 'lookup', 'constraint and processors, drawn'],
  ['exact', 'mtp chain', 'constraint and processors, drawn'],
  ['typical', 'mtp chain', 'constraint'],
] as const

test('stories-5m on WebGPU, held to a constraint and to processors', async () => {
  const backend = await webgpu()
  const used = new Set<string>(runs.map(([, strategy]) => strategy))
  const strategies = everyStrategy(folder, 6).filter(({ name }) => used.has(name))
  const options = { backend, model: folder, capacity: 64, maxRows: 16, selfCheck: false, strategies }
  const engine = await createEngine(options)
  for (const [name, shaping] of Object.entries<GenerateOptions>(shapings)) {
    const mine = runs.filter(([, , shaped]) => shaped === name)
    if (mine.length === 0) continue
    const plain = await engine.complete(prompt, { ...shaping, maxTokens: tokens })
    for (const [rule, strategy] of mine) {
      const given = { rule: rules[rule] as AcceptanceRule, shaping, plain }
      expect((await checkShaped(engine, { prompt, tokens, strategies: [strategy], ...given })).faults).toEqual([])
    }
  }
  await engine.dispose()
  expect(backend.stats.liveBytes).toBe(0)
  backend.dispose()
})
