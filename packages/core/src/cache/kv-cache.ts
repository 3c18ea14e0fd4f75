import { OutriderError } from '../errors'
import { Owned } from '../owned'
import type { Backend, KvCache, KvLayer, ModelConfig, Ops, Tensor } from '../spec'

/** Sizes of a cache's entries. */
export type CacheShape = Pick<ModelConfig, 'layers' | 'kvHeads' | 'headDim'>

/**
 * Keys and values of one sequence, at a fixed capacity: rejecting drafts is a smaller length, nothing is reallocated.
 * Layers share as few tensors as the device's binding limit allows, so that compaction takes few dispatches.
 */
class DenseKvCache implements KvCache {
  readonly bytes: number
  readonly #owned: Owned
  readonly #blocks: readonly Tensor[]
  readonly #perBlock: number

  constructor(
    backend: Backend,
    shape: CacheShape,
    readonly slots: number,
    label: string,
  ) {
    const { layers, kvHeads, headDim } = shape
    const type = backend.info.cacheType
    const layerBytes = 2 * kvHeads * slots * headDim * (type === 'f16' ? 2 : 4)
    this.#perBlock = Math.min(layers, Math.floor(backend.info.maxTensorBytes / layerBytes))
    if (this.#perBlock < 1)
      throw new OutriderError(
        'DEVICE_LACKS',
        `one layer of the KV cache takes ${layerBytes} bytes for ${slots} positions, and this device binds at most ${backend.info.maxTensorBytes}: lower the capacity`,
        { details: { layerBytes, maxTensorBytes: backend.info.maxTensorBytes } },
      )
    this.#owned = new Owned()
    const blocks: Tensor[] = []
    try {
      for (let first = 0; first < layers; first += this.#perBlock) {
        const count = Math.min(this.#perBlock, layers - first)
        blocks.push(this.#owned.add(backend.tensor([count, 2, kvHeads, slots, headDim], type, `${label}.kv${first}`)))
      }
    } catch (error) {
      this.#owned.dispose()
      throw error
    }
    this.#blocks = blocks
    this.bytes = blocks.reduce((sum, block) => sum + block.bytes, 0)
  }

  layer(index: number): KvLayer {
    return { tensor: this.#blocks[Math.floor(index / this.#perBlock)] as Tensor, layer: index % this.#perBlock }
  }

  compact(ops: Ops, outcome: Tensor, rows: number): void {
    for (const cache of this.#blocks) ops.compactKv({ outcome, cache, rows })
  }

  dispose(): void {
    this.#owned.dispose()
  }
}

/**
 * A KV cache of `slots` positions for one sequence of a model. Throws `DEVICE_LACKS`, `OUT_OF_MEMORY`.
 *
 * @example
 * ```ts
 * import { createKvCache } from '@outrider/core'
 * import { referenceBackend } from '@outrider/core/reference'
 *
 * const cache = createKvCache(referenceBackend(), { layers: 2, kvHeads: 1, headDim: 32 }, 128, 'mine')
 * cache.dispose()
 * ```
 */
export function createKvCache(backend: Backend, shape: CacheShape, slots: number, label: string): KvCache {
  return new DenseKvCache(backend, shape, slots, label)
}
