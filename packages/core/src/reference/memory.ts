import { OutriderError } from '../errors'
import type { DType, Shape, Tensor, Weight, WeightFormat } from '../spec'
import { fromHalf, toHalf } from './half'

/** Bytes that live objects of one backend hold. */
export class Ledger {
  liveBytes = 0
  peakBytes = 0

  take(bytes: number): void {
    this.liveBytes += bytes
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes)
  }

  give(bytes: number): void {
    this.liveBytes -= bytes
  }
}

const elementBytes: Record<DType, number> = { f32: 4, f16: 2, u32: 4 }

/** A tensor in host memory. f16 values are kept as the floats that they stand for, so that every op reads numbers. */
export class HostTensor implements Tensor {
  readonly bytes: number
  readonly length: number
  readonly #data: Float32Array | Uint32Array
  #live = true

  constructor(
    readonly label: string,
    readonly shape: Shape,
    readonly dtype: DType,
    private readonly ledger: Ledger,
  ) {
    this.length = shape.reduce((product, size) => product * size, 1)
    this.bytes = this.length * elementBytes[dtype]
    this.#data = dtype === 'u32' ? new Uint32Array(this.length) : new Float32Array(this.length)
    ledger.take(this.bytes)
  }

  get floats(): Float32Array {
    return this.#alive() as Float32Array
  }

  get words(): Uint32Array {
    return this.#alive() as Uint32Array
  }

  /** Rounds to what the element type can hold. */
  store(index: number, value: number): void {
    this.floats[index] = this.dtype === 'f16' ? fromHalf(toHalf(value)) : value
  }

  write(data: Float32Array | Uint32Array | Uint16Array, offset: number): void {
    const target = this.#alive()
    if (offset + data.length > this.length)
      throw new OutriderError(
        'SHAPE_MISMATCH',
        `write of ${data.length} elements at ${offset} overruns ${this.label} [${this.shape}]`,
      )
    if (this.dtype === 'f16') for (let i = 0; i < data.length; i++) target[offset + i] = fromHalf(data[i] as number)
    else target.set(data, offset)
  }

  /** A copy of the bytes in the tensor's own element layout. */
  read(): ArrayBuffer {
    const data = this.#alive()
    if (this.dtype !== 'f16') return data.slice().buffer as ArrayBuffer
    return Uint16Array.from(data, toHalf).buffer as ArrayBuffer
  }

  dispose(): void {
    if (!this.#live) return
    this.#live = false
    this.ledger.give(this.bytes)
  }

  #alive(): Float32Array | Uint32Array {
    if (!this.#live) throw new OutriderError('DISPOSED', `tensor ${this.label} was disposed of; make a new one`)
    return this.#data
  }
}

/** A weight widened to f32 in host memory, row-major [outputs, inputs]. */
export class HostWeight implements Weight {
  readonly bytes: number
  #live = true

  constructor(
    readonly label: string,
    readonly shape: readonly [number, number],
    readonly format: WeightFormat,
    readonly values: Float32Array,
    private readonly ledger: Ledger,
  ) {
    this.bytes = values.byteLength
    ledger.take(this.bytes)
  }

  dispose(): void {
    if (!this.#live) return
    this.#live = false
    this.ledger.give(this.bytes)
  }
}

/** The reference's own tensor behind the contract's. Throws `SHAPE_MISMATCH` for another backend's. */
export function host(tensor: Tensor): HostTensor {
  if (tensor instanceof HostTensor) return tensor
  throw new OutriderError('SHAPE_MISMATCH', `tensor ${tensor.label} belongs to another backend`)
}

/** The reference's own weight behind the contract's. Throws `SHAPE_MISMATCH` for another backend's. */
export function hostWeight(weight: Weight): HostWeight {
  if (weight instanceof HostWeight) return weight
  throw new OutriderError('SHAPE_MISMATCH', `weight ${weight.label} belongs to another backend`)
}
