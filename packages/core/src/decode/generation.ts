import { throwIfAborted } from '../abort'
import { OutriderError } from '../errors'
import type { Tokenizer } from '../spec'
import type { DecodeStats } from './counters'
import type { GenerationPlan } from './options'
import type { Stepper } from './stepper'
import { StopText, type TextToken } from './stop-text'

/** Why a generation ended. */
export type FinishReason =
  /** An end-of-sequence token. */
  | 'eos'
  /** One of `stopTokens`. */
  | 'stop-token'
  /** One of the `stop` texts. */
  | 'stop-text'
  /** `maxTokens`, or the engine's capacity. */
  | 'length'

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
  readonly stats: DecodeStats
  /** Every generated token id, the one that ended it included. */
  readonly ids: readonly number[]
  /** What makes the run repeatable, with the same options; it was drawn where none was given. */
  readonly seed: number
}

/** What a round brought: text, the tokens it came from, and, in the last part, how it ended. */
export interface Part {
  readonly text: string
  readonly tokens: readonly TextToken[]
  readonly finish: Finish | null
}

/** What a generation is run with. */
export interface GenerationParts {
  readonly stepper: Stepper
  readonly tokenizer: Tokenizer | null
  readonly plan: GenerationPlan
  readonly promptTokens: number
}

/**
 * Generates from what the stepper holds, whose last token is pending. A part a round; the last one has `finish`. Whatever ends
 * it, the stepper then holds exactly the prompt and `finish.ids`.
 */
export async function* decode(parts: GenerationParts): AsyncGenerator<Part, void, void> {
  const { stepper, plan } = parts
  stepper.begin(plan.sampling)
  const reader = new TokenReader(parts)
  while (!reader.finished) {
    throwIfAborted(plan.signal)
    const left = Math.min(plan.maxTokens - reader.ids.length, stepper.sequence.room)
    if (left < 1) {
      reader.finish('length', null)
      break
    }
    const round = await stepper.round(left)
    round.tokens.forEach((token, i) => {
      const by = round.by[i]
      const drafted = by ? { by, depth: i + 1 } : null
      if (!reader.finished) reader.push(token, drafted, round.logProbs?.[i] ?? null)
    })
    if (!reader.finished && reader.ids.length >= plan.maxTokens) reader.finish('length', null)
    if (!reader.finished) yield reader.part(null)
  }
  const ids = reader.ids
  if (stepper.sequence.tokens.length > parts.promptTokens + ids.length)
    stepper.truncate(parts.promptTokens + ids.length)
  const { reason, by } = reader.finished as { reason: FinishReason; by: string | number | null }
  const usage = { promptTokens: parts.promptTokens, completionTokens: ids.length }
  yield reader.part({ reason, by, usage, stats: stepper.stats(), ids, seed: plan.sampling.params.seed })
}

/** Turns committed tokens into text and notices what ends a generation, token by token. */
class TokenReader {
  finished: { reason: FinishReason; by: string | number | null } | null = null
  readonly ids: number[] = []
  readonly #plan: GenerationPlan
  readonly #stop: StopText
  readonly #stream: ReturnType<Tokenizer['stream']> | null
  #ready: TextToken[] = []
  /** Text of a character that never became whole, where its tokens have gone out already. */
  #rest = ''

  constructor({ plan, tokenizer }: GenerationParts) {
    if (plan.stop.length > 0 && !tokenizer)
      throw new OutriderError(
        'TOKENIZER_MISSING',
        'stop texts need a tokenizer, and this model came without one: use stopTokens',
      )
    this.#plan = plan
    this.#stop = new StopText(plan.stop)
    this.#stream = tokenizer?.stream() ?? null
  }

  push(id: number, draft: TextToken['draft'], logProb: number | null): void {
    this.ids.push(id)
    const ending = this.#plan.endTokens.has(id) ? 'eos' : this.#plan.stopTokens.has(id) ? 'stop-token' : null
    if (ending) {
      this.finish(ending, id)
      return
    }
    const { tokens, stopped } = this.#stop.push({ id, text: this.#stream?.push(id) ?? '', draft, logProb })
    this.#ready.push(...tokens)
    if (stopped !== null) this.finished = { reason: 'stop-text', by: stopped }
  }

  /** Ends the generation for a reason that lies outside the text: what was held back is released. */
  finish(reason: FinishReason, by: number | null): void {
    this.finished = { reason, by }
    this.#ready.push(...this.#stop.end())
    const rest = this.#stream?.end() ?? ''
    const last = this.#ready.at(-1)
    if (last) this.#ready[this.#ready.length - 1] = { ...last, text: last.text + rest }
    else this.#rest = rest
  }

  part(finish: Finish | null): Part {
    const tokens = this.#ready
    this.#ready = []
    return { text: tokens.map(({ text }) => text).join('') + this.#rest, tokens, finish }
  }
}
