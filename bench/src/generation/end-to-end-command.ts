import { type CompareReport, compare, compareTable } from '@outrider/core'
import type { Line } from '../output'
import type { BenchSettings } from '../settings'
import { expectedLength } from '../synthetic/drafts'
import { learnTexts, randomPrompts } from './learn'
import { eachSubject, type Subject } from './subjects'

const usualStrategies =
  'synthetic:p=0.6;tokens=3,synthetic:p=0.8;tokens=3,synthetic:p=0.8;tokens=5,syntheticDevice:p=0.8;tokens=5,' +
  'synthetic:p=0.8;tokens=7,synthetic:p=0.9;tokens=7,synthetic:p=0.9;tokens=15'
/** Tokens that drafts may look ahead of the last one. */
const ahead = 63

/** `pnpm bench end-to-end`: whole generations against plain decoding, with drafts that are right as often as is asked for. */
export function benchEndToEnd(settings: BenchSettings): Promise<void> {
  const { output, tiny, clock } = settings
  const maxTokens = settings.tokens ?? (tiny ? 16 : 128)
  const [context = tiny ? 8 : 64] = settings.contexts ?? []
  const count = settings.prompts ?? (tiny ? 2 : 8)
  return eachSubject(settings, usualStrategies, context + maxTokens + ahead, async (subject: Subject) => {
    const { engine, texts, drafters, name: title } = subject
    const prompts = randomPrompts(engine, count, context)
    await learnTexts(engine, texts, prompts, maxTokens + ahead)
    const report = await compare(engine, {
      title,
      maxTokens,
      prompts,
      strategies: drafters.map(({ strategy }) => strategy.name),
      warmUpMs: clock.warmUpMs,
      cost: !engine.backend.info.software,
    })
    output.note(`\n${compareTable(report)}`)
    for (const line of lines(report, subject)) output.json({ context, maxTokens, ...line })
  })
}

/** A line a strategy, beside its speed what the drafts' acceptance leads to at best. */
function lines({ strategies }: CompareReport, { drafters }: Subject): readonly Line[] {
  return strategies.map(({ strategy, failed, identical, tokensPerSecond, speedUp, ...rest }) => {
    const known = drafters.find((each) => each.strategy.name === strategy)?.known
    const { meanAcceptanceLength, rounds, submitsPerRound, readsPerRound, roundMs, phasesMs, firstTokenMs } = rest
    return {
      strategy,
      failed: failed?.message ?? null,
      identical,
      tokensPerSecond: tokensPerSecond && { ...tokensPerSecond },
      speedUp: speedUp && { ...speedUp },
      expectedLength: known ? expectedLength(known.p, known.tokens) : null,
      meanAcceptanceLength,
      rounds,
      submitsPerRound,
      readsPerRound,
      roundMs,
      phasesMs: phasesMs && { ...phasesMs },
      firstTokenMs,
    }
  })
}
