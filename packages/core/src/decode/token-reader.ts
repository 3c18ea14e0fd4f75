import { OutriderError } from '../errors'
import type { Tokenizer } from '../spec'
import type { HeldToken, Progress } from './checkpoint'
import type { GenerationPlan } from './options'
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

/** Turns committed tokens into text and notices what ends a generation, token by token. */
export class TokenReader {
  finished: { reason: FinishReason; by: string | number | null } | null = null
  readonly ids: number[] = []
  readonly #plan: GenerationPlan
  readonly #stop: StopText
  readonly #stream: ReturnType<Tokenizer['stream']> | null
  #ready: TextToken[] = []
  /** Text of a character that never became whole, where its tokens have gone out already. */
  #rest = ''

  /** `continues`: the text goes on from one before, so that a space at its beginning counts. Throws `TOKENIZER_MISSING`. */
  constructor(plan: GenerationPlan, tokenizer: Tokenizer | null, continues: boolean) {
    if (plan.stop.length > 0 && !tokenizer)
      throw new OutriderError(
        'TOKENIZER_MISSING',
        'stop texts need a tokenizer, and this model came without one: use stopTokens',
      )
    this.#plan = plan
    this.#stop = new StopText(plan.stop)
    this.#stream = tokenizer?.stream({ continues }) ?? null
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

  /** Tokens that became certain since it was last asked, and their text. */
  take(): { readonly text: string; readonly tokens: readonly TextToken[] } {
    const tokens = this.#ready
    this.#ready = []
    return { text: tokens.map(({ text }) => text).join('') + this.#rest, tokens }
  }

  /** How far it is now. */
  progress(): Progress {
    const held = this.#stop.held.map(({ draft, logProb }): HeldToken => ({ draft, logProb }))
    const { ids } = this
    const count = ids.length
    // Copied where they are asked for: most rounds' checkpoints never are.
    return {
      get ids() {
        return ids.slice(0, count)
      },
      held,
    }
  }

  /** Reads again what was read before `progress` was asked for; its text went out then, but for what was held back. */
  restore({ ids, held }: Progress): void {
    ids.forEach((id, i) => {
      const kept = held[i - (ids.length - held.length)]
      if (!this.finished) this.push(id, kept?.draft ?? null, kept?.logProb ?? null)
    })
    this.take()
  }
}
