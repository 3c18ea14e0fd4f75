/** Left rotations of a round, by round modulo 8: of words 1 and 3, and in odd rounds of 3 and 1. */
export const THREEFRY_ROTATIONS: readonly (readonly [number, number])[] = [
  [10, 26],
  [11, 21],
  [13, 27],
  [23, 5],
  [6, 20],
  [17, 11],
  [25, 10],
  [18, 20],
]
/** Joins the key's words into a fifth, so that no key makes the schedule vanish. */
export const THREEFRY_PARITY = 0x1bd11bda
export const THREEFRY_ROUNDS = 20

/** Four 32-bit words. */
export type Words4 = readonly [number, number, number, number]

/**
 * The counter-based generator Threefry-4x32 of 20 rounds: four words that depend on nothing but counter and key, in additions,
 * rotations and exclusive ors alone, so that every device gives the same (Salmon et al. 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"). Words are unsigned.
 *
 * @example
 * ```ts
 * import { threefry } from '@outrider/core'
 *
 * console.log(threefry([0, 0, 0, 0], [0, 0, 0, 0])[0].toString(16)) // 9c6ca96a
 * ```
 */
export function threefry(counter: Words4, key: Words4): Words4 {
  const schedule = [...key, THREEFRY_PARITY ^ key[0] ^ key[1] ^ key[2] ^ key[3]]
  const x = counter.map((word, i) => (word + (schedule[i] as number)) | 0) as [number, number, number, number]
  for (let round = 0; round < THREEFRY_ROUNDS; round++) {
    const [a, b] = round % 2 === 0 ? ([1, 3] as const) : ([3, 1] as const)
    const [left, right] = THREEFRY_ROTATIONS[round % 8] as readonly [number, number]
    x[0] = (x[0] + x[a]) | 0
    x[a] = rotate(x[a], left) ^ x[0]
    x[2] = (x[2] + x[b]) | 0
    x[b] = rotate(x[b], right) ^ x[2]
    if (round % 4 < 3) continue
    const step = (round + 1) / 4
    for (let i = 0; i < 4; i++) x[i] = ((x[i] as number) + (schedule[(step + i) % 5] as number)) | 0
    x[3] = (x[3] + step) | 0
  }
  return x.map((word) => word >>> 0) as unknown as Words4
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
