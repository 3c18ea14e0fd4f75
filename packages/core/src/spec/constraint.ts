/** What a constraint knows of the tokens. */
export interface ConstraintVocabulary {
  /** Ids are 0..vocab-1. */
  readonly vocab: number
  /** Tokens that end a generation. */
  readonly eos: readonly number[]
  /**
   * UTF-8 bytes that a token spells (`Tokenizer.bytes`); undefined where it spells none, as special tokens. The bytes of what was
   * generated are those of its text, a space at the beginning among them. Throws `TOKENIZER_MISSING`.
   */
  bytes(id: number): Uint8Array | undefined
}

/** Follows one generation through a constraint. */
export interface ConstraintMatcher {
  /**
   * The tokens that may follow what was accepted and then `path`: bit `id % 32` of word `id / 32`, u32 [⌈vocab / 32⌉]. null: all.
   * Changes nothing: the next question starts from what was accepted again. Every token of `path` is allowed where it stands. When
   * the text is complete `eos` is allowed, and after it nothing but `eos`.
   */
  mask(path: readonly number[]): Uint32Array | null | Promise<Uint32Array | null>
  /** Tokens that were committed; each is allowed where it stands. */
  accept(tokens: readonly number[]): void
  dispose?(): void
}

/**
 * What a generation's text must be, as token masks: a grammar, a schema. It holds whatever is drafted: nodes of drafts that break
 * it are cut off with what is below them, before they are verified.
 *
 * @example
 * ```ts
 * import type { Constraint } from '@outrider/core'
 *
 * export const evenIds: Constraint = {
 *   specVersion: 1,
 *   name: 'even-ids',
 *   start: ({ vocab }) => ({
 *     mask: () => new Uint32Array(Math.ceil(vocab / 32)).fill(0x55555555),
 *     accept: () => {},
 *   }),
 * }
 * ```
 */
export interface Constraint {
  readonly specVersion: 1
  readonly name: string
  /** For one generation. */
  start(vocabulary: ConstraintVocabulary): ConstraintMatcher | Promise<ConstraintMatcher>
}
