import { passReach } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { expect, test } from 'vitest'
import { engineOn } from './support/engines'
import { randomTrees } from './support/strategies'
import { tinyConfig, writeTinyModel } from './support/tiny-model'

const folder = await writeTinyModel({ seed: 3, config: { max_position_embeddings: 600 } })
const long = Array.from({ length: 240 }, (_, i) => (i * 13 + 5) % 61)
const count = 24

test('a reach is 256 positions or a fourfold of it', () => {
  expect([1, 256, 257, 1024, 1025, 4097].map(passReach)).toEqual([256, 256, 1024, 1024, 4096, 16384])
})

// The reference backend refuses a pass whose rows stand beyond its reach.
test('sessions that grow past a reach, and come back, run programs that reach as far as they do', async () => {
  const backend = referenceBackend()
  const labels: string[] = []
  const program = backend.program.bind(backend)
  backend.program = (label, record) => {
    labels.push(label)
    return program(label, record)
  }
  const engine = await engineOn(folder, {
    backend,
    capacity: 400,
    strategies: [randomTrees(tinyConfig.vocab_size, 9, 4)],
  })
  const plain = await engine.complete(long, { strategy: 'plain', maxTokens: count, ignoreEos: true })
  const verified = () => labels.flatMap((label) => /^verify 1 below \d+/.exec(label) ?? [])
  expect(verified()).toEqual(['verify 1 below 256', 'verify 1 below 1024'])
  const trees = engine.strategies.find((name) => name !== 'plain') as string
  const drafted = await engine.complete(long, { strategy: trees, maxTokens: count, ignoreEos: true })
  expect(drafted.ids).toEqual(plain.ids)

  labels.length = 0
  const stepper = engine.openStepper({ strategy: 'plain' })
  const run = async (tokens: readonly number[]): Promise<number[]> => {
    await stepper.extend(tokens)
    const found: number[] = []
    for (let i = 0; i < count; i++) found.push(...(await stepper.round(1)).tokens)
    return found
  }
  expect(await run(long)).toEqual(plain.ids)
  stepper.truncate(100)
  expect(await run(long.slice(100))).toEqual(plain.ids)
  expect(verified()).toEqual(['verify 1 below 256', 'verify 1 below 1024'])
  stepper.dispose()
})
