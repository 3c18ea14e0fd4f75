import { block, type Proposer, rejection, type SessionView, type Strategy } from '@outrider/core'
import { expect, test } from 'vitest'
import { engineOn } from '../../core/test/support/engines'
import { writeTinyModel } from '../../core/test/support/tiny-model'
import { draftModel, earlyExit } from '../src'
import { faintFrom } from './early-exit-models'

const model = await writeTinyModel({ seed: 3 })
const prompt = Array.from({ length: 70 }, (_, i) => (i * 13 + 5) % 61)
const shapes = { chain: { tokens: 4 }, tree: { branches: [3, 2, 1] } }
const count = 60

/** The same drafts, of which nobody says what they were drawn from. */
function silent(strategy: Strategy): Strategy {
  const told = (proposer: Proposer): Proposer => ({
    propose: async (budget) => {
      const draft = await proposer.propose(budget)
      return draft && 'programs' in draft ? { ...draft, q: false } : draft
    },
    follow: (pass) => proposer.follow?.(pass) ?? [],
    observe: (committed) => proposer.observe?.(committed),
    truncate: (length) => proposer.truncate?.(length) ?? length,
    dispose: () => proposer.dispose?.(),
  })
  return {
    ...strategy,
    name: `silent ${strategy.name}`,
    load: async (host) => {
      const loaded = await strategy.load(host)
      return { ...loaded, start: (session: SessionView) => told(loaded.start(session)) }
    },
  }
}

const temperatures = [0.7, 1.3]
type Make = (size: (typeof shapes)[keyof typeof shapes], name: string) => Strategy

/** A drafter whose tokens have the target's own distribution is kept whole where it says so. */
async function keptWhole(folder: string, make: Make, temperature: number): Promise<void> {
  const strategies = Object.entries(shapes).flatMap(([name, size]) => [make(size, name), silent(make(size, name))])
  const engine = await engineOn(folder, { strategies })
  const options = { temperature, seed: 5, maxTokens: count, ignoreEos: true }
  const roundsOf = async (strategy: string, acceptance = rejection) =>
    (await engine.complete(prompt, { ...options, strategy, acceptance })).stats.rounds
  expect(await roundsOf('chain')).toBe(count / 5)
  expect(await roundsOf('chain', block)).toBe(count / 5)
  expect(await roundsOf('tree')).toBe(count / 4)
  expect(await roundsOf('silent chain')).toBeGreaterThan(count / 4)
  expect(await roundsOf('silent tree')).toBeGreaterThan(count / 3)
}

test.each(temperatures)('at temperature %d the target as its own draft says what it drew from', (temperature) =>
  keptWhole(model, (size, name) => draftModel({ model, name, ...size }), temperature),
)

test.each(temperatures)(
  'at temperature %d an early exit before layers that do nothing says what it drew from',
  async (at) => keptWhole(await faintFrom(2, 0), (size, name) => earlyExit({ layer: 2, name, ...size }), at),
)
