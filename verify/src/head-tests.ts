import { join } from 'node:path'
import { type Backend, createEngine, type Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CheckResult } from './checks'
import { checkAccepted, checkDrafts, checkRounds } from './draft-checks'
import { DraftProbe } from './draft-probe'
import { readReference } from './reference'
import { skippedWithout, smollm2 } from './smollm2-files'

/** A head as the reference outputs name it. */
export interface HeadTest {
  readonly head: string
  /** Drafts the chain that the reference outputs tell of. */
  readonly chain: Strategy
  /** The same with a fault: it drafts from the wrong states, which no text shows. */
  readonly fault?: Strategy
  /** Tokens of the chain. */
  readonly depth: number
}

const stories = 'models/stories-5m'

/** Holds a head of stories-5m on the reference backend to the reference outputs, number for number. */
export function testHead({ head, chain, fault, depth }: HeadTest): void {
  describe(`${head} of stories-5m on the reference backend`, async () => {
    const contexts = await readReference(join(stories, 'reference.json'))
    const backend = referenceBackend()
    const probed = async (strategy: Strategy, check: (probe: DraftProbe) => Promise<CheckResult>) => {
      const probe = await DraftProbe.open({ backend, model: stories, strategy })
      try {
        return await check(probe)
      } finally {
        await probe.dispose()
      }
    }

    afterAll(() => expect(backend.stats.liveBytes).toBe(0))

    test('drafts what the reference outputs say', async () => {
      const result = await probed(chain, (probe) => checkDrafts(probe, { head, contexts, ties: 'exact' }))
      expect(result).toMatchObject({ faults: [], note: expect.stringContaining(`${8 * depth} draft steps`) })
    })

    test('is right as often as the reference outputs say, at every position', async () => {
      const result = await probed(chain, (probe) => checkAccepted(probe, { head, contexts }))
      expect(result).toMatchObject({ faults: [], note: expect.stringContaining('472 positions, 0 differ') })
    }, 180_000)

    test('accepts in whole generations, by the engine’s counters, what a replay of the reference outputs accepts', async () => {
      const engine = await createEngine({
        backend,
        model: stories,
        capacity: 192,
        selfCheck: false,
        strategies: [chain],
      })
      const result = await checkRounds(engine, { strategy: chain.name, head, contexts, depth })
      await engine.dispose()
      expect(result).toMatchObject({ faults: [], note: expect.stringContaining('472 tokens') })
    }, 180_000)

    if (!fault) return
    test('with a fault that no text shows it is right less often, and so are whole generations', async () => {
      const some = { head, contexts: contexts.slice(2, 3) }
      const { faults } = await probed(fault, (probe) => checkAccepted(probe, some))
      expect(faults.length).toBeGreaterThan(12)
      const engine = await createEngine({
        backend,
        model: stories,
        capacity: 192,
        selfCheck: false,
        strategies: [fault],
      })
      const rounds = await checkRounds(engine, { strategy: fault.name, ...some, depth })
      await engine.dispose()
      expect(rounds.faults.length).toBeGreaterThan(2)
    })
  })
}

/** Holds a head of stories-5m on a device to the reference outputs: near ties and 2 % of the positions apart. */
export function testHeadOnDevice(
  { head, chain }: Pick<HeadTest, 'head' | 'chain'>,
  open: () => Promise<Backend>,
): void {
  describe(`${head} of stories-5m on a device`, async () => {
    const contexts = await readReference(join(stories, 'reference.json'))
    let backend: Backend
    let probe: DraftProbe

    beforeAll(async () => {
      backend = await open()
      probe = await DraftProbe.open({ backend, model: stories, strategy: chain })
    })

    afterAll(async () => {
      await probe.dispose()
      expect(backend.stats.liveBytes).toBe(0)
      backend.dispose()
    })

    test('drafts what the reference outputs say, near ties apart', async () => {
      const { faults } = await checkDrafts(probe, { head, contexts, ties: 'near ties may differ' })
      expect(faults).toEqual([])
    })

    test('is right as often as the reference outputs say, 2 % of the positions apart', async () => {
      const some = contexts.slice(1, 3)
      const result = await checkAccepted(probe, { head, contexts: some, share: 0.02 })
      expect(result).toMatchObject({ faults: [], note: expect.stringContaining('118 positions') })
    })
  })
}

/** Holds a head of SmolLM2 on the reference backend to one context of its reference outputs, where the files are there. */
export function testSmolLm2Head(
  what: string,
  { head, chain, depth }: HeadTest,
  toTarget?: () => Promise<(id: number) => number>,
): void {
  const skipped = skippedWithout(smollm2.gguf, smollm2.reference)
  describe.skipIf(skipped)(`SmolLM2's ${what}${skipped}`, () => {
    test('drafts what the reference outputs say, as often right', async () => {
      const backend = referenceBackend()
      const contexts = (await readReference(smollm2.reference)).slice(0, 1)
      const probe = await DraftProbe.open({ backend, model: smollm2.gguf, strategy: chain, capacity: 128 })
      try {
        const map = toTarget && { toTarget: await toTarget() }
        const drafts = await checkDrafts(probe, { head, contexts, ties: 'exact', ...map })
        expect(drafts).toMatchObject({ faults: [], note: expect.stringContaining(`${depth} draft steps`) })
        const accepted = await checkAccepted(probe, { head, contexts, positions: 16 })
        expect(accepted).toMatchObject({ faults: [], note: expect.stringContaining('16 positions') })
      } finally {
        await probe.dispose()
      }
      expect(backend.stats.liveBytes).toBe(0)
    }, 300_000)
  })
}
