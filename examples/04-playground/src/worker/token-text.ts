import type { Part, RoundRecord, Tokenizer } from '@outrider/core'
import type { ShownRound, ShownToken } from '../protocol'

const utf8 = new TextDecoder()

/** What a token spells, for showing: its bytes, or its name where it spells nothing. */
function tokenText(tokenizer: Tokenizer | null, id: number): string {
  const bytes = tokenizer?.bytes(id)
  if (bytes && bytes.length > 0) return utf8.decode(bytes)
  return tokenizer?.token(id) ?? `#${id}`
}

/** A part's tokens as the page shows them. */
export function shownTokens({ tokens }: Part): readonly ShownToken[] {
  return tokens.map(({ id, text, draft, logProb }) => ({
    id,
    text,
    by: draft?.by ?? [],
    probability: logProb === null ? null : Math.exp(logProb),
  }))
}

/** A round with the texts of its tokens. */
export function shownRound(round: RoundRecord, tokenizer: Tokenizer | null): ShownRound {
  const { logProbs, ...rest } = round
  return {
    ...rest,
    nodeTexts: round.tree.tokens.map((id) => tokenText(tokenizer, id)),
    texts: round.tokens.map((id) => tokenText(tokenizer, id)),
    probabilities: logProbs.map(Math.exp),
  }
}
