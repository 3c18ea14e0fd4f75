import type { Tokenizer } from '@outrider/core'

/** The first place where two texts differ. */
export interface Difference {
  /** Characters before it. */
  readonly character: number
  /** Whole tokens of the local text before it. */
  readonly token: number
  /** What stands there, cut short; empty at a text's end. */
  readonly endpoint: string
  readonly local: string
}

/** Where an endpoint's text leaves the local one; null where they are equal. */
export function differenceOf(
  endpoint: string,
  local: { readonly text: string; readonly ids: readonly number[] },
  tokenizer: Tokenizer,
): Difference | null {
  if (endpoint === local.text) return null
  let character = 0
  while (character < endpoint.length && endpoint[character] === local.text[character]) character++
  let token = 0
  while (token < local.ids.length && tokenizer.decode(local.ids.slice(0, token + 1)).length <= character) token++
  const shown = (text: string): string => text.slice(character, character + 24)
  return { character, token, endpoint: shown(endpoint), local: shown(local.text) }
}
