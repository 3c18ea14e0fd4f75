import { threefry, type Words4 } from './threefry'

/** Whose noise is drawn: words of the seed, the sequence within a run, and a stream within the sequence. */
export interface NoiseKey {
  readonly seedLow: number
  readonly seedHigh: number
  readonly sequence: number
  /**
   * 0 is the target's. A rule that must not share it with its drafter, as rejection must not, takes one of its own for drafts, for
   * acceptance and for recovery.
   */
  readonly stream: number
}

/**
 * The words of target tokens `4 · block` to `4 · block + 3` at an absolute position: a function of nothing else, so that neither
 * drafts nor their tree can move the target's draw.
 *
 * @example
 * ```ts
 * import { gumbelOf, noiseWords } from '@outrider/core'
 *
 * const key = { seedLow: 1, seedHigh: 0, sequence: 0, stream: 0 }
 * console.log(gumbelOf(noiseWords(key, 17, 2)[1])) // of token 9, as the token at position 17
 * ```
 */
export function noiseWords(key: NoiseKey, position: number, block: number): Words4 {
  return threefry([position, block, 0, 0], [key.seedLow, key.seedHigh, key.sequence, key.stream])
}

/**
 * A word as a number in (0, 1), the middle of the words that it stands for: the 23 leading bits behind its leading zeros count. It
 * is fine near 0, down to 2^-33, where Gumbel noise is large; it ends at 1 - 2^-24. An f32, the same on every device.
 *
 * @example
 * ```ts
 * import { uniformOf } from '@outrider/core'
 *
 * console.log(uniformOf(0x80000000)) // 0.5000000596046448
 * ```
 */
export function uniformOf(word: number): number {
  const shift = 9 - Math.min(9, Math.clz32(word))
  return ((word >>> shift) + 0.5) * 2 ** (shift - 32)
}

/**
 * A word as standard Gumbel noise, -log(E) with E = -log(1 - u) exponential, from -2.8 to 22.9: the token of the largest
 * logit plus noise of its own is a draw from the softmax (Gumbel-max; Maddison et al. 2014, "A* sampling"). In nats, rounded to f32;
 * devices may differ in the last bits.
 *
 * @example
 * ```ts
 * import { gumbelOf } from '@outrider/core'
 *
 * console.log(gumbelOf(0) > 22, gumbelOf(0xffffffff) < -2.8) // true true
 * ```
 */
export function gumbelOf(word: number): number {
  return Math.fround(-Math.log(-Math.log1p(-uniformOf(word))))
}
