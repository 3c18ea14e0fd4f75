/** Texts that plain decoding was seen to write, prompts in front. */
export class KnownTexts {
  readonly #texts: (readonly number[])[] = []

  learn(text: readonly number[]): void {
    this.#texts.push(text)
  }

  /** The text that begins with these tokens, and its number; null where none does. */
  find(beginning: readonly number[]): { readonly text: readonly number[]; readonly number: number } | null {
    const number = this.#texts.findIndex((text) => beginning.every((token, i) => text[i] === token))
    const text = this.#texts[number]
    return text ? { text, number } : null
  }
}

/** How drafts of known acceptance are drawn. */
export interface Acceptance {
  /** Probability that a token is right, given that those before it are. */
  readonly p: number
  readonly seed: number
}
