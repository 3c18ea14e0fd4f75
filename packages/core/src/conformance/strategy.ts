import { exact, rejection } from '../accept'
import { referenceBackend } from '../reference'
import type { AcceptanceRule, Strategy } from '../spec'
import type { MakeBackend } from './bench'
import { type Check, register, type TestFunctions } from './harness'
import { aheadChecks } from './strategy-ahead'
import { distributionChecks } from './strategy-distribution'
import { draftChecks } from './strategy-drafts'
import { endingChecks } from './strategy-endings'
import { historyChecks } from './strategy-history'
import { memoryChecks } from './strategy-memory'
import { shapeChecks } from './strategy-shapes'
import type { StrategySubject } from './strategy-subject'
import { tokenChecks } from './strategy-tokens'
import { type OwnFiles, type TinyModels, tinyModels } from './tiny-host'

/** What a strategy's suite is given. */
export interface StrategyConformance {
  /**
   * Makes the strategy, anew for every engine. `models` are locations that the kit's engines understand: the target, a draft model of
   * its vocabulary for `host.loadModel`, and the folder of `files`.
   */
  readonly strategy: (models: TinyModels) => Strategy
  /**
   * Files in the folder `models.own`, by name: a head for the kit's target, `model.safetensors` and `config.json`. The target is a
   * Llama of 31 tokens, hidden 64, 2 layers, 2 heads of 32 and 1 of keys and values, intermediate 96, rope theta 10,000, with tied embeddings.
   */
  readonly files?: OwnFiles
  /** Makes a backend, which the kit disposes of. Default: `referenceBackend()`. */
  readonly backend?: MakeBackend
  /** Whether something is drafted where prompts repeat themselves. Default true; false waives that check. */
  readonly expectsDrafts?: boolean
  /**
   * What else drafts may depend on than the committed tokens and the seed: nothing (`tokens`, the default), how this session's rounds went
   * (`session`: sizes by measured acceptance), or other sessions, too (`engine`: a store that they share). Waives the checks of the rest.
   */
  readonly draftsDependOn?: 'tokens' | 'session' | 'engine'
  /** Acceptance rules whose tokens are to have the target's distribution with these drafts. Default: `exact` and `rejection`. */
  readonly rules?: readonly AcceptanceRule[]
  /** Draws for each of these rules. Default 600; with fewer only larger faults show. */
  readonly draws?: number
}

/**
 * Registers a strategy's suite: drafts within their budgets, inputs left alone, the ids and the distribution of plain decoding, endings
 * inside an accepted block, state that follows every outcome and goes back, nothing shared between sessions, nothing left behind. It
 * runs on a tiny seeded model of 31 tokens that lies in memory, and does not ask for good drafts.
 *
 * @example
 * ```ts
 * import type { Strategy } from '@outrider/core'
 * import { strategyConformance, type TestFunctions } from '@outrider/core/conformance'
 *
 * // With vitest or jest: strategyConformance({ it, expect }, { strategy })
 * export function suite(functions: TestFunctions, strategy: () => Strategy): void {
 *   strategyConformance(functions, { strategy })
 * }
 * ```
 */
export function strategyConformance(functions: TestFunctions, options: StrategyConformance): void {
  const subject: StrategySubject = {
    strategy: () => options.strategy(tinyModels),
    backend: options.backend ?? referenceBackend,
    files: options.files ?? {},
    expectsDrafts: options.expectsDrafts ?? true,
    draftsDependOn: options.draftsDependOn ?? 'tokens',
    rules: options.rules ?? [exact, rejection],
    draws: options.draws ?? 600,
  }
  const checks: readonly ((subject: StrategySubject) => readonly Check[])[] = [
    draftChecks,
    shapeChecks,
    tokenChecks,
    distributionChecks,
    endingChecks,
    historyChecks,
    aheadChecks,
    memoryChecks,
  ]
  register(
    functions,
    checks.flatMap((of) => of(subject)),
  )
}
