import type { Constraint } from '@outrider/core'
import { automatonOf } from './automaton'
import { character } from './language'
import { patternLanguage } from './pattern'
import { tokenConstraint } from './token-constraint'

/**
 * The whole text is what a regular expression of JavaScript matches; ^ and $ may be written or not. It is read with the flag `u`
 * (`v` where it has that); `i` and `s` count, lookarounds, word boundaries and backreferences are refused. Compiled at once; give one
 * constraint to as many generations as you like. Throws `INVALID_OPTION`.
 *
 * @example
 * ```ts
 * import { createEngine } from '@outrider/core'
 * import { webgpu } from '@outrider/kernels'
 * import { regex } from '@outrider/structured-output'
 *
 * const engine = await createEngine({ backend: webgpu(), model: './models/stories-5m' })
 * const { text } = await engine.complete('Her birthday is', { constraint: regex(/\d{4}-\d{2}-\d{2}/) })
 * console.log(text)
 * ```
 */
export function regex(pattern: string | RegExp): Constraint {
  const { source, flags } = typeof pattern === 'string' ? { source: pattern, flags: 'u' } : pattern
  const name = 'regex'
  const automaton = automatonOf(name, () => patternLanguage(source, flags, { name, character, extent: 'whole' }))
  return tokenConstraint(name, automaton)
}
