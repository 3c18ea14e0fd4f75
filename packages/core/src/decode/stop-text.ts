/** A token with the text that it brought. */
export interface TextToken {
  readonly id: number
  readonly text: string
  /**
   * Who drafted it (one strategy, or each part of a composition that proposed it) and at which depth of the tree; null: the target's
   * own choice.
   */
  readonly draft: { readonly by: readonly string[]; readonly depth: number } | null
  /** Its log-probability under the model's own logits, nats; null unless `logProbs` was asked for. */
  readonly logProb: number | null
}

/** Holds tokens back while their text may be the beginning of a stop text. */
export class StopText {
  #held: TextToken[] = []

  constructor(private readonly stops: readonly string[]) {}

  /** The last tokens pushed, as many as are held back. */
  get held(): readonly TextToken[] {
    return this.#held
  }

  /** Tokens that are certain now, and whether a stop text was completed: what follows it is dropped. */
  push(token: TextToken): { readonly tokens: readonly TextToken[]; readonly stopped: string | null } {
    this.#held.push(token)
    const text = this.#held.map((held) => held.text).join('')
    const found = this.#first(text)
    if (found) return { tokens: this.#release(found.at, true), stopped: found.stop }
    return { tokens: this.#release(text.length - this.#possible(text), false), stopped: null }
  }

  /** What was held back, once nothing more can come. */
  end(): readonly TextToken[] {
    const rest = this.#held
    this.#held = []
    return rest
  }

  #first(text: string): { at: number; stop: string } | null {
    const hits = this.stops.map((stop) => ({ stop, at: text.indexOf(stop) })).filter(({ at }) => at >= 0)
    return hits.reduce<{ at: number; stop: string } | null>(
      (best, hit) => (best && best.at <= hit.at ? best : hit),
      null,
    )
  }

  /** Length of the longest end of `text` that begins a stop text. */
  #possible(text: string): number {
    let longest = 0
    for (const stop of this.stops)
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--)
        if (text.endsWith(stop.slice(0, length))) longest = length
    return longest
  }

  /** Whole tokens before character `end`; with `cut` also the part of a token before it. */
  #release(end: number, cut: boolean): readonly TextToken[] {
    const out: TextToken[] = []
    let at = 0
    for (let token = this.#held[0]; token && at + token.text.length <= end; token = this.#held[0]) {
      at += token.text.length
      out.push(token)
      this.#held.shift()
    }
    const token = this.#held[0]
    if (cut && token && at < end) out.push({ ...token, text: token.text.slice(0, end - at) })
    return out
  }
}
