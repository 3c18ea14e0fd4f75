import { OUTCOME } from '@outrider/core/spec'
import type { Fill } from './run'

/** A tensor of words, zeros behind `data` where it is longer. */
export function u32(data: ArrayLike<number>, length: number = data.length): Fill {
  const words = new Uint32Array(length)
  words.set(data)
  return { shape: [length], dtype: 'u32', data: words }
}

/** An outcome that accepted the rows `path` (row 0 first) at a committed length; row r has the token 100 + r. */
export function outcomeOf(length: number, path: readonly number[]): Fill {
  const words = new Uint32Array(OUTCOME.words)
  words[OUTCOME.accepted] = path.length - 1
  words[OUTCOME.length] = length
  words.set(path, OUTCOME.path)
  words.set(
    path.map((row) => 100 + row),
    OUTCOME.tokens,
  )
  return u32(words)
}
