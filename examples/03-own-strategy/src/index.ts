import type { Budget, HostDraft, Strategy } from '@outrider/core'
import { followersOf } from './followers.js'

/** How `followers` drafts. */
export interface FollowersOptions {
  /** Name in requests and reports. Default `followers`. */
  readonly name?: string
  /** Tokens that may come first, beside one another. Default 2. */
  readonly branches?: number
  /** Levels below the first of them. Default 4. */
  readonly tokens?: number
}

/**
 * Drafts what has most often followed the last token in the text so far: a few tokens side by side, and below the best of them what
 * followed it, and so on. It costs the device nothing and pays where texts repeat themselves.
 *
 * @example
 * ```ts
 * const engine = await createEngine({ backend: webgpu(), model, strategies: [followers()] })
 * await engine.complete('Once upon a time', { strategy: 'followers' })
 * ```
 */
export function followers({ name = 'followers', branches = 2, tokens = 4 }: FollowersOptions = {}): Strategy {
  return {
    specVersion: 1,
    name,
    load: async () => ({
      start: (session) => ({
        // What a draft depends on is all in session.tokens, so there is no state to keep in step, to cut or to free.
        propose: (budget) => draft(session.tokens, budget, { branches, tokens }),
      }),
    }),
  }
}

/** Parents first: the branches, then a chain below the first of them. */
function draft(text: readonly number[], budget: Budget, most: { branches: number; tokens: number }): HostDraft | null {
  const last = text[text.length - 1]
  if (last === undefined) return null
  const first = followersOf(text, last).slice(0, Math.min(most.branches, budget.nodes))
  const drafted = [...first]
  const parents = first.map(() => -1)
  const levels = Math.min(most.tokens, budget.depth, 1 + budget.nodes - first.length)
  for (let level = 1, above = 0; level < levels; level++) {
    const next = followersOf(text, drafted[above] ?? -1)[0]
    if (next === undefined) break
    drafted.push(next)
    parents.push(above)
    above = drafted.length - 1
  }
  return first.length > 0 ? { tokens: drafted, parents } : null
}
