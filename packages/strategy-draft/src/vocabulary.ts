import { type ModelConfig, OutriderError, type Tokenizer } from '@outrider/core'

/** One side of a comparison of vocabularies. */
export interface Side {
  readonly model: ModelConfig
  readonly tokenizer: Tokenizer | null
}

/**
 * Checks that ids mean the same to draft and target: equal tokens where both have a tokenizer, and a draft whose rows cover the
 * target's tokens and no more than the target's rows (tables may be padded). Throws `VOCABULARY_MISMATCH` naming both.
 */
export function checkVocabulary(draft: Side, target: Side, location: string): void {
  const fail = (what: string): never => {
    throw new OutriderError('VOCABULARY_MISMATCH', `the draft model ${location} does not fit the target: ${what}`, {
      details: { draft: draft.model.vocab, target: target.model.vocab, location },
    })
  }
  const size = target.tokenizer?.size ?? target.model.vocab
  if (draft.model.vocab < size || draft.model.vocab > target.model.vocab)
    fail(`the draft has ${draft.model.vocab} tokens, the target ${target.model.vocab} (${size} in use)`)
  if (!draft.tokenizer || !target.tokenizer) return
  for (let id = 0; id < size; id++) {
    const [own, theirs] = [draft.tokenizer.token(id), target.tokenizer.token(id)]
    if (own !== theirs)
      fail(`token ${id} is ${JSON.stringify(own)} for the draft and ${JSON.stringify(theirs)} for the target`)
  }
}
