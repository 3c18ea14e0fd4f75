import { usage } from './memory'

const smallest = 4096

/** A buffer to read: `size` bytes of it are copied, of which the first `bytes` mean something. */
export interface Source {
  readonly gpu: GPUBuffer
  readonly size: number
  readonly bytes: number
}

/** Buffers that results are mapped from, kept and used again: a steady state allocates none. */
export class Staging {
  readonly #free: GPUBuffer[] = []
  /** Buffers made so far. */
  made = 0

  constructor(private readonly device: GPUDevice) {}

  /** Encodes copies of what is read. `map` gives them once the encoder was submitted, `drop` gives them up if it never is. */
  copy(
    encoder: GPUCommandEncoder,
    sources: readonly Source[],
  ): { readonly map: () => Promise<ArrayBuffer[]>; readonly drop: () => void } {
    const total = sources.reduce((sum, { size }) => sum + size, 0)
    const staging = this.#acquire(total)
    let at = 0
    for (const { gpu, size } of sources) {
      encoder.copyBufferToBuffer(gpu, 0, staging, at, size)
      at += size
    }
    const map = async () => {
      await staging.mapAsync(usage.mapRead, 0, total)
      const mapped = staging.getMappedRange(0, total)
      let from = 0
      const results = sources.map(({ bytes, size }) => {
        const result = mapped.slice(from, from + bytes)
        from += size
        return result
      })
      staging.unmap()
      this.#free.push(staging)
      return results
    }
    return { map, drop: () => void this.#free.push(staging) }
  }

  dispose(): void {
    for (const buffer of this.#free) buffer.destroy()
    this.#free.length = 0
  }

  #acquire(bytes: number): GPUBuffer {
    const found = this.#free.findIndex(({ size }) => size >= bytes)
    if (found >= 0) return this.#free.splice(found, 1)[0] as GPUBuffer
    this.made++
    const size = Math.max(smallest, 2 ** Math.ceil(Math.log2(bytes)))
    return this.device.createBuffer({ label: 'staging', size, usage: usage.mapRead | usage.copyTarget })
  }
}
