import type { Backend, Tensor } from '@outrider/core'
import { randomWords } from './random'

/** Elements that are written at a time. */
const chunk = 1 << 20

/** Chunks after which the device is waited for, so that no more of them than that are staged in memory. */
const staged = 32

/** Fills keys and values with small random numbers of either sign. */
export async function fillCache(backend: Backend, cache: Tensor): Promise<void> {
  const count = cache.shape.reduce((product, axis) => product * axis, 1)
  const next = randomWords(count)
  const values =
    cache.dtype === 'f16'
      ? Uint16Array.from({ length: Math.min(chunk, count) }, () => (next() & 0x87ff) | 0x3000)
      : Float32Array.from({ length: Math.min(chunk, count) }, () => next() / 2 ** 32 - 0.5)
  const word = backend.tensor([1], 'u32', 'filled')
  for (let at = 0; at < count; at += chunk) {
    backend.write(cache, values.subarray(0, Math.min(chunk, count - at)), at)
    if ((at / chunk) % staged === staged - 1) await backend.submit([], [word])
  }
  word.dispose()
}
