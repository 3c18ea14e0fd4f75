/** Numbers from a seed, u32: xorshift32 (Marsaglia 2003), fast enough to fill megabytes. */
export function randomWords(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** Numbers in [-1, 1). */
export function randomValues(count: number, seed: number): Float32Array<ArrayBuffer> {
  const next = randomWords(seed)
  return Float32Array.from({ length: count }, () => next() / 2 ** 31 - 1)
}

/** Numbers of a normal distribution of that deviation (Box and Muller 1958). */
export function normalValues(count: number, deviation: number, seed: number): Float32Array<ArrayBuffer> {
  const next = randomWords(seed)
  const share = () => (next() + 1) / 2 ** 32
  return Float32Array.from({ length: count }, () => {
    return deviation * Math.sqrt(-2 * Math.log(share())) * Math.cos(2 * Math.PI * share())
  })
}

/** `count` different token ids of a vocabulary, so that no draft of them is accepted by chance more than once in it. */
export function randomTokens(count: number, vocab: number, seed: number): number[] {
  const next = randomWords(seed)
  const first = next() % vocab
  const step = 1 + (next() % Math.max(1, vocab - 1))
  return Array.from({ length: count }, (_, i) => (first + i * step) % vocab)
}
