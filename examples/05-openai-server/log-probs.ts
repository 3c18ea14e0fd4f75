import type { Tokenizer } from '@outrider/core'
import type { ToldToken } from './answer'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A token's text, and its bytes; a part of a character reads as `bytes:\xe2\x80`, a special token as the vocabulary writes it. */
function spelt(id: number, tokenizer: Tokenizer): { readonly token: string; readonly bytes: number[] | null } {
  const bytes = tokenizer.bytes(id)
  if (!bytes) return { token: tokenizer.token(id) ?? '', bytes: null }
  try {
    return { token: utf8.decode(bytes), bytes: [...bytes] }
  } catch {
    const codes = [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
    return { token: `bytes:${codes.join('')}`, bytes: [...bytes] }
  }
}

/** Of a token and what might have stood in its place: both by the model's own logits. The token's own number is the engine's. */
function probabilities(told: ToldToken) {
  const logProb = told.logProb as number
  const likely = told.likely.map((other) => (other.id === told.id ? { ...other, logProb } : other))
  return { logProb, likely }
}

/** `logprobs` of a chat's choice. */
export function chatLogProbs(tokens: readonly ToldToken[], tokenizer: Tokenizer) {
  const content = tokens.map((told) => {
    const { logProb, likely } = probabilities(told)
    return {
      ...spelt(told.id, tokenizer),
      logprob: logProb,
      top_logprobs: likely.map((other) => ({ ...spelt(other.id, tokenizer), logprob: other.logProb })),
    }
  })
  return { content, refusal: null }
}

/** `logprobs` of a completion's choice, whose text is `offset` characters long before these tokens. */
export function completionLogProbs(tokens: readonly ToldToken[], tokenizer: Tokenizer, offset: number) {
  let at = offset
  const offsets = tokens.map(({ text }) => {
    at += text.length
    return at - text.length
  })
  return {
    tokens: tokens.map(({ id }) => spelt(id, tokenizer).token),
    token_logprobs: tokens.map(({ logProb }) => logProb as number),
    // The token itself is always among them.
    top_logprobs: tokens.map((told) => {
      const { logProb, likely } = probabilities(told)
      const all = [...likely, { id: told.id, logProb }]
      return Object.fromEntries(all.map((other) => [spelt(other.id, tokenizer).token, other.logProb]))
    }),
    text_offset: offsets,
  }
}
