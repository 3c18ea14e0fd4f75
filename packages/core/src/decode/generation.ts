import { throwIfAborted } from '../abort'
import { OutriderError } from '../errors'
import type { Tokenizer } from '../spec'
import { type Checkpointer, type GenerationCheckpoint, type Progress, withCheckpoint } from './checkpoint'
import { Constrained } from './constrained'
import type { DecodeStats } from './counters'
import type { GenerationPlan } from './options'
import type { RoundRecord } from './round-record'
import type { Stepper } from './stepper'
import type { TextToken } from './stop-text'
import { type FinishReason, TokenReader } from './token-reader'

/** Tokens in and out. */
export interface Usage {
  readonly promptTokens: number
  /** Generated tokens, the one that ended it included. */
  readonly completionTokens: number
}

/** How a generation ended. */
export interface Finish {
  readonly reason: FinishReason
  /** The stop text, or the id of the token, that ended it. */
  readonly by: string | number | null
  readonly usage: Usage
  /** Of a generation that was resumed: what was done since. */
  readonly stats: DecodeStats
  /** Every generated token id, the one that ended it included. */
  readonly ids: readonly number[]
  /** What makes the run repeatable, with the same options; it was drawn where none was given. */
  readonly seed: number
  /** Null, unless it was resumed from a checkpoint. */
  readonly resumed: Resumed | null
}

/** How a generation was resumed. */
export interface Resumed {
  /** Whether its tokens are exactly those of the undisturbed run; otherwise another device or rule may have chosen others. */
  readonly exact: boolean
  /** Generated tokens that were decoded again, by passes of many rows. */
  readonly replayed: number
}

/** What a round brought: text, the tokens it came from, and, in the last part, how it ended. */
export interface Part {
  readonly text: string
  readonly tokens: readonly TextToken[]
  readonly finish: Finish | null
  /** What the round did, with `rounds`; null without, and in a last part that no round belongs to. */
  readonly round: RoundRecord | null
  /** The generation after this part, for `Engine.resume`. Null in the last part, and in a chat, which goes on from its messages. */
  checkpoint(): GenerationCheckpoint | null
}

/** What a generation is run with. */
export interface GenerationParts {
  readonly stepper: Stepper
  readonly tokenizer: Tokenizer | null
  readonly plan: GenerationPlan
  readonly promptTokens: number
  /** Whether the text goes on from the prompt's, rather than being one of its own. */
  readonly continues: boolean
  /** Makes its checkpoints; null where there are none. */
  readonly checkpointer: Checkpointer | null
  /** What it goes on from; null for a new one. */
  readonly from: (Progress & Pick<Resumed, 'exact'>) | null
}

/**
 * Generates from what the stepper holds: the prompt, whose last token is pending. A part a round; the last one has `finish`. Whatever
 * ends it, the stepper then holds exactly the prompt and `finish.ids`.
 */
export async function* decode(parts: GenerationParts): AsyncGenerator<Part, void, void> {
  const { stepper, plan, from, promptTokens, checkpointer } = parts
  // Under a constraint the text is what tokens spell, all of it.
  const reader = new TokenReader(plan, parts.tokenizer, parts.continues || plan.constraint !== null)
  let progress: Progress = from ?? { ids: [], held: [] }
  const constrained = await startConstraint(parts)
  let failed = false
  let round: RoundRecord | null = null
  try {
    stepper.begin(plan.sampling, plan.processors, constrained)
    await stepper.replay(progress.ids, plan.signal)
    reader.restore(progress)
    while (!reader.finished) {
      throwIfAborted(plan.signal)
      const left = Math.min(plan.maxTokens - reader.ids.length, stepper.sequence.room)
      if (left < 1) {
        reader.finish('length', null)
        round = null
        break
      }
      const { tokens, by: drafters, logProbs, record } = await stepper.round(left, true)
      tokens.forEach((token, i) => {
        const by = drafters[i]
        const drafted = by ? { by, depth: i + 1 } : null
        // A round that was begun early may have gone beyond what was wanted.
        if (!reader.finished && i < left) reader.push(token, drafted, logProbs?.[i] ?? null)
      })
      round = record && { ...record, start: record.start - promptTokens }
      if (!reader.finished && reader.ids.length >= plan.maxTokens) reader.finish('length', null)
      if (reader.finished) break
      progress = reader.progress()
      const reached = progress
      yield new RoundPart({ ...reader.take(), finish: null, round }, () => checkpointer?.(reached) ?? null)
    }
  } catch (error) {
    failed = true
    throw checkpointer ? withCheckpoint(error, checkpointer(progress), soFar(stepper)) : error
  } finally {
    // The last round may have been followed by one in vain. Whether the device could be set right shows where the session goes on.
    await stepper.settle().catch(() => {})
    release(constrained, failed)
  }
  const ids = reader.ids
  if (stepper.sequence.tokens.length > promptTokens + ids.length) stepper.truncate(promptTokens + ids.length)
  const { reason, by } = reader.finished as { reason: FinishReason; by: string | number | null }
  const usage = { promptTokens, completionTokens: ids.length }
  const { seed } = plan.sampling.params
  const resumed = from && { exact: from.exact, replayed: from.ids.length }
  const finish = { reason, by, usage, stats: stepper.stats(), ids, seed, resumed }
  yield new RoundPart({ ...reader.take(), finish, round }, () => null)
}

/** What was done before an error. A strategy that cannot even tell does not take its place. */
function soFar(stepper: Stepper): DecodeStats | null {
  try {
    return stepper.stats()
  } catch {
    return null
  }
}

/** The generation's constraint with what it has to know of the tokens. Throws `CONSTRAINT_FAILED`, `TOKENIZER_MISSING`. */
async function startConstraint({ plan, tokenizer, stepper }: GenerationParts): Promise<Constrained | null> {
  if (!plan.constraint) return null
  const bytes = (id: number): Uint8Array | undefined => {
    if (tokenizer) return tokenizer.bytes(id)
    throw new OutriderError(
      'TOKENIZER_MISSING',
      'this constraint asks what tokens spell, and this model came without a tokenizer',
    )
  }
  return Constrained.start(plan.constraint, { vocab: stepper.vocab, eos: plan.eos, bytes })
}

/** Lets go of a constraint. What ended the generation is what the caller has to know: an error of letting go counts where there is no other. */
function release(constrained: Constrained | null, failed: boolean): void {
  try {
    constrained?.dispose()
  } catch (error) {
    if (!failed) throw error
  }
}

/** A part whose checkpoint is made when it is asked for. */
class RoundPart implements Part {
  readonly text: string
  readonly tokens: readonly TextToken[]
  readonly finish: Finish | null
  readonly round: RoundRecord | null
  readonly #checkpoint: () => GenerationCheckpoint | null

  constructor(
    { text, tokens, finish, round }: Omit<Part, 'checkpoint'>,
    checkpoint: () => GenerationCheckpoint | null,
  ) {
    this.text = text
    this.tokens = tokens
    this.finish = finish
    this.round = round
    this.#checkpoint = checkpoint
  }

  checkpoint(): GenerationCheckpoint | null {
    return this.#checkpoint()
  }
}
