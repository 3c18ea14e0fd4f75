/** Tokens that followed `token` in a text, the most frequent first, of equals the earliest. */
export function followersOf(text: readonly number[], token: number): readonly number[] {
  const counts = new Map<number, number>()
  for (let i = 1; i < text.length; i++) {
    const next = text[i] as number
    if (text[i - 1] === token) counts.set(next, (counts.get(next) ?? 0) + 1)
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([next]) => next)
}
