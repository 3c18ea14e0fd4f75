/**
 * A tree of draft tokens below the pending token. Node i has token `tokens[i]` and parent node `parents[i]`, which is
 * smaller than i, or -1 for a child of the pending token. Siblings have different tokens.
 */
export interface TokenTree {
  readonly tokens: readonly number[]
  readonly parents: readonly number[]
}
