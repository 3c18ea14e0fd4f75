import type { Backend, Tensor, Weight } from '@outrider/core'
import { Owned } from '@outrider/core'
import { randomValues } from '../random'
import { type GeneratedFormat, randomMatrix } from '../random-weights'
import type { BenchPlace } from './bench-case'

/** Copies at most: what is small enough to need more lies in a cache in any case. */
const mostCopies = 512

/** Random matrices of one shape, as many as make up the bytes to be read in turn. */
export async function weightsInTurn(
  { backend, rotatedBytes }: BenchPlace,
  owned: Owned,
  format: GeneratedFormat,
  [outputs, inputs]: readonly [number, number],
): Promise<readonly Weight[]> {
  const weights: Weight[] = []
  do {
    const source = randomMatrix(format, outputs, inputs, 104729 * weights.length)
    weights.push(owned.add(await backend.weight(source, source.name)))
  } while (copies(rotatedBytes, (weights[0] as Weight).bytes) > weights.length)
  return weights
}

/** How many pieces of `bytes` make up `rotatedBytes`. */
export function copies(rotatedBytes: number, bytes: number): number {
  return Math.min(mostCopies, Math.ceil(rotatedBytes / bytes))
}

/** f32 of random numbers in [-1, 1). */
export function activations(backend: Backend, owned: Owned, shape: readonly number[], label: string): Tensor {
  const tensor = owned.add(backend.tensor(shape, 'f32', label))
  backend.write(
    tensor,
    randomValues(
      shape.reduce((product, axis) => product * axis, 1),
      label.length,
    ),
  )
  return tensor
}

/** Opens what takes memory; what was taken is freed where it throws. */
export async function opened<T extends object>(make: (owned: Owned) => Promise<T>): Promise<T & { dispose(): void }> {
  const owned = new Owned()
  try {
    return { ...(await make(owned)), dispose: () => owned.dispose() }
  } catch (error) {
    owned.dispose()
    throw error
  }
}
