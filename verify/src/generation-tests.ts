import { join } from 'node:path'
import { type Backend, createEngine, type Engine, type Strategy } from '@outrider/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkSameTokens } from './checks'
import { type ReferenceContext, readReference } from './reference'

const model = 'models/stories-5m'

/** Whole generations of stories-5m. */
export interface GenerationTest {
  readonly backend: () => Promise<Backend>
  readonly strategies: readonly Strategy[]
  /** Contexts that every strategy decodes, and how many tokens of each. */
  readonly contexts: number
  readonly tokens: number
  readonly maxRows?: number
  /** Names of a chain and of a tree that accepts more. */
  readonly better?: readonly [chain: string, tree: string]
}

/** Strategies give the tokens of plain decoding, chains and trees, in one submission and one read a round. */
export function testGenerations(title: string, options: GenerationTest): void {
  const { strategies, tokens, better } = options
  describe(`${title}: generations`, async () => {
    const contexts = await readReference(join(model, 'reference.json'))
    let backend: Backend
    let engine: Engine

    beforeAll(async () => {
      backend = await options.backend()
      const limits = { capacity: 192, maxRows: options.maxRows ?? 64 }
      engine = await createEngine({ backend, model, ...limits, selfCheck: false, strategies })
    })

    afterAll(async () => {
      await engine.dispose()
      expect(backend.stats.liveBytes).toBe(0)
      backend.dispose()
    })

    test('give the ids of plain decoding', async () => {
      const prompts = contexts.slice(0, options.contexts).map(({ promptIds }) => promptIds)
      expect((await checkSameTokens(engine, prompts, engine.strategies.slice(1), tokens)).faults).toEqual([])
    }, 300_000)

    test('take one submission and one read a round', async () => {
      const { promptIds } = contexts[1] as ReferenceContext
      for (const strategy of engine.strategies) {
        const { stats } = await engine.complete(promptIds, { strategy, maxTokens: 12, ignoreEos: true })
        const { submits, reads, rounds } = stats
        expect({ strategy, submits, reads }).toEqual({ strategy, submits: rounds + 1, reads: rounds })
      }
    })

    if (!better) return
    test('accept more with a tree than with a chain', async () => {
      const { promptIds } = contexts[2] as ReferenceContext
      const length = async (strategy: string) =>
        (await engine.complete(promptIds, { strategy, maxTokens: 32, ignoreEos: true })).stats.meanAcceptanceLength
      const [chain, tree] = [await length(better[0]), await length(better[1])]
      expect(chain).toBeGreaterThan(1)
      expect(tree).toBeGreaterThan(chain)
    })
  })
}
