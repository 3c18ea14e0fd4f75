import { OutriderError } from '../errors'
import type { Codes } from '../load/codes'
import type { Disposable } from '../owned'
import type { DType, Shape, Tensor, Weight, WeightFormat } from '../spec'
import { fromHalf, toHalf } from './half'

/** Live objects of one backend and the bytes that they hold. */
export class Ledger {
  liveBytes = 0
  peakBytes = 0
  readonly #live = new Set<Disposable & { readonly bytes: number }>()

  take(item: Disposable & { readonly bytes: number }): void {
    this.#live.add(item)
    this.liveBytes += item.bytes
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes)
  }

  give(item: Disposable & { readonly bytes: number }): void {
    if (this.#live.delete(item)) this.liveBytes -= item.bytes
  }

  /** Frees everything that is left. */
  clear(): void {
    for (const item of this.#live) item.dispose()
  }
}

const elementBytes: Record<DType, number> = { f32: 4, f16: 2, u32: 4 }

/** A tensor in host memory. f16 values are kept as the floats that they stand for, so that every op reads numbers. */
export class HostTensor implements Tensor {
  readonly bytes: number
  readonly length: number
  /** null once it was disposed of. */
  #data: Float32Array | Uint32Array | null

  constructor(
    readonly label: string,
    readonly shape: Shape,
    readonly dtype: DType,
    private readonly ledger: Ledger,
  ) {
    this.length = shape.reduce((product, size) => product * size, 1)
    this.bytes = this.length * elementBytes[dtype]
    this.#data = dtype === 'u32' ? new Uint32Array(this.length) : new Float32Array(this.length)
    ledger.take(this)
  }

  get floats(): Float32Array {
    return this.#alive() as Float32Array
  }

  get words(): Uint32Array {
    return this.#alive() as Uint32Array
  }

  /** A u32 tensor's words as the floats whose bits they are. */
  get bitsAsFloats(): Float32Array {
    return new Float32Array(this.words.buffer)
  }

  /** Rounds to what the element type can hold. */
  store(index: number, value: number): void {
    this.floats[index] = this.dtype === 'f16' ? fromHalf(toHalf(value)) : value
  }

  write(data: Float32Array | Uint32Array | Uint16Array, offset: number): void {
    const target = this.#alive()
    if (!(Number.isInteger(offset) && offset >= 0 && offset + data.length <= this.length))
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
    this.#data = null
    this.ledger.give(this)
  }

  #alive(): Float32Array | Uint32Array {
    if (!this.#data) throw new OutriderError('DISPOSED', `tensor ${this.label} was disposed of; make a new one`)
    return this.#data
  }
}

/** A weight widened to f32 in host memory, row-major [outputs, inputs]. */
export class HostWeight implements Weight {
  readonly bytes: number
  #values: Float32Array | null

  constructor(
    readonly label: string,
    readonly shape: readonly [number, number],
    readonly format: WeightFormat,
    values: Float32Array,
    private readonly ledger: Ledger,
    /** Where the arithmetic is `i8` and the format quantised: what products are made of. */
    readonly integers?: Codes | undefined,
    /** Where the arithmetic is `f16`: `values` rounded to binary16. */
    readonly halves?: Float32Array | undefined,
  ) {
    this.#values = values
    this.bytes = values.byteLength
    ledger.take(this)
  }

  get values(): Float32Array {
    if (!this.#values) throw new OutriderError('DISPOSED', `weight ${this.label} was disposed of; load it again`)
    return this.#values
  }

  dispose(): void {
    this.#values = null
    this.ledger.give(this)
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
