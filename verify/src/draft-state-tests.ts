import type { Engine, Strategy } from '@outrider/core'
import { referenceBackend } from '@outrider/core/reference'
import { describe, expect, test } from 'vitest'
import { alternating, oracle, randomTrees, silent } from '../../packages/core/test/support/strategies'
import { checkDraftState, type Drafted } from './draft-state'

/** The target that strategies draft for, and how it goes on. */
export interface DraftStateTarget {
  readonly model: string
  readonly vocab: number
  readonly prompt: readonly number[]
  /** The prompt and what the target makes of it. */
  readonly text: readonly number[]
}

type Mix = readonly [name: string, mix: (own: Strategy) => Strategy, maxRows: number]
type Stepper = ReturnType<Engine['openStepper']>

/** Whom a strategy takes turns with, by whom a round may have been drafted before its own. */
function mixesOf({ text, vocab }: DraftStateTarget): readonly Mix[] {
  const after = (others: readonly Strategy[]) => (own: Strategy) => alternating('mixed', [own, ...others])
  return [
    ['alone', (own) => own, 64],
    ['then plain rounds', after([silent()]), 64],
    ['then the right tokens', after([oracle(text, 3)]), 8],
    [
      'then drafts of others, right and wrong, and none',
      after([oracle(text, 5), randomTrees(vocab, 12, 1, text), silent()]),
      16,
    ],
    ['then the largest pass, full', after([oracle(text, 7)]), 8],
    ['in passes of two rows', after([oracle(text, 1)]), 2],
  ]
}

/** Drafts in a session, each held to that of a session that has seen no round. */
export async function draftedAsAfresh(
  { model }: Pick<DraftStateTarget, 'model'>,
  options: {
    readonly strategy: Strategy
    readonly mix?: (own: Strategy) => Strategy
    readonly maxRows: number
    readonly run: (stepper: Stepper) => Promise<void>
  },
): Promise<readonly Drafted[]> {
  const backend = referenceBackend()
  const { drafted, faults } = await checkDraftState({ backend, model, ...options })
  expect(faults).toEqual([])
  expect(backend.stats.liveBytes).toBe(0)
  return drafted
}

/** Runs rounds, whose tokens are the target's. */
async function runRounds(stepper: Stepper, text: readonly number[], count: number): Promise<void> {
  for (let i = 0; i < count; i++) await stepper.round(20)
  const { tokens } = stepper.sequence
  expect(tokens.slice(0, text.length)).toEqual(text.slice(0, tokens.length))
}

/** What a strategy drafts after any rounds is what a fresh session drafts. `mixes`: some of them only. */
export function testDraftState(
  name: string,
  strategy: Strategy,
  target: DraftStateTarget,
  mixes: readonly Mix[0][] = mixesOf(target).map(([mix]) => mix),
): void {
  const { prompt, text, vocab } = target
  const chosen = mixesOf(target).filter(([mix]) => mixes.includes(mix))
  describe(`${name}: what is drafted after any rounds is what a fresh session drafts`, () => {
    test.each(chosen)('%s', async (_, mix, maxRows) => {
      const run = async (stepper: Stepper) => {
        await stepper.extend(prompt)
        await runRounds(stepper, text, 14)
      }
      expect((await draftedAsAfresh(target, { strategy, mix, maxRows, run })).length).toBeGreaterThan(3)
    })

    test('also when the session goes back and on with other tokens, from a prompt of one token', async () => {
      const run = async (stepper: Stepper) => {
        await stepper.extend(prompt.slice(0, 1))
        for (let i = 0; i < 24; i++) {
          await stepper.round(20)
          const { length } = stepper.sequence.tokens
          stepper.truncate(Math.max(1, length - (i % 4)))
          await stepper.extend(i % 3 === 0 ? [] : [(13 * i + 5) % vocab, (7 * i + 2) % vocab])
        }
      }
      expect((await draftedAsAfresh(target, { strategy, maxRows: 8, run })).length).toBeGreaterThan(16)
    })
  })
}
