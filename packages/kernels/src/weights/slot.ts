/** Place of an output of the panel (0..63) among the block's vectors: even outputs take 0..31, odd ones 32..63. */
export function slot(output: number): number {
  return ((output & 1) << 5) + (output >> 1)
}

/** Bits by which an output's 16 bits are shifted in the word that it shares with its neighbour. */
export function pairShift(output: number): number {
  return (output & 1) << 4
}
