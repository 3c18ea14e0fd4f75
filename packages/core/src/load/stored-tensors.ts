import { OutriderError } from '../errors'
import type { TensorFiles } from '../spec/checkpoint'
import type { WeightFormat, WeightSource } from '../spec/tensor'
import { type ByteSource, closeAll } from './byte-source'
import { dequantise, rowBytes } from './formats'
import { isIntegerType, readIntegers } from './integers'

/** Where a tensor lies. */
export interface StoredTensor {
  readonly name: string
  /** Outermost axis first. */
  readonly shape: readonly number[]
  /** The file's word for the element type: `F16`, `I64`, `Q4_K`. */
  readonly type: string
  /** What weights of this type are called here; null for integers and for what is not supported. */
  readonly format: WeightFormat | null
  readonly source: ByteSource
  readonly offset: number
  readonly bytes: number
}

/** The tensors of a folder or file, with the byte sources that they lie in. */
export interface OpenTensors {
  readonly location: string
  readonly config: Readonly<Record<string, unknown>> | null
  readonly tensors: readonly StoredTensor[]
  readonly sources: readonly ByteSource[]
}

/** `TensorFiles` over tensors that lie anywhere in open byte sources, which it closes. */
export class StoredTensors implements TensorFiles {
  readonly location: string
  readonly config: Readonly<Record<string, unknown>> | null
  readonly names: readonly string[]
  readonly bytes: number
  readonly #byName: ReadonlyMap<string, StoredTensor>
  readonly #sources: readonly ByteSource[]

  constructor({ location, config, tensors, sources }: OpenTensors) {
    this.location = location
    this.config = config
    this.#sources = sources
    this.names = tensors.map(({ name }) => name)
    this.bytes = tensors.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  }

  has(name: string): boolean {
    return this.#byName.has(name)
  }

  shape(name: string): readonly number[] {
    return this.#stored(name).shape
  }

  #stored(name: string): StoredTensor {
    const tensor = this.#byName.get(name)
    if (tensor) return tensor
    throw new OutriderError('TENSOR_MISSING', `${this.location} has no tensor ${name}: is it the right checkpoint?`, {
      details: { location: this.location, name },
    })
  }

  matrix(name: string, shape?: readonly [number, number]): WeightSource {
    const tensor = this.#stored(name)
    const [outputs, inputs] = tensor.shape
    if (outputs === undefined || inputs === undefined || tensor.shape.length !== 2)
      throw this.#wrongShape(tensor, shape ?? 'two axes')
    if (shape && (shape[0] !== outputs || shape[1] !== inputs)) throw this.#wrongShape(tensor, shape)
    const format = this.#weightFormat(tensor)
    const bytes = rowBytes(format, inputs)
    const rows = (from: number, to: number) => tensor.source.read(tensor.offset + from * bytes, (to - from) * bytes)
    return { name, shape: [outputs, inputs], format, rows }
  }

  async vector(name: string, length?: number): Promise<Float32Array> {
    const tensor = this.#stored(name)
    const count = this.#count(tensor, length)
    const values = new Float32Array(count)
    dequantise(this.#weightFormat(tensor), await tensor.source.read(tensor.offset, tensor.bytes), values)
    return values
  }

  async integers(name: string, length?: number): Promise<readonly number[]> {
    const tensor = this.#stored(name)
    this.#count(tensor, length)
    if (!isIntegerType(tensor.type)) throw this.#unsupported(tensor, 'integers')
    return readIntegers(tensor.type, await tensor.source.read(tensor.offset, tensor.bytes))
  }

  async close(): Promise<void> {
    await closeAll(this.#sources)
  }

  #count(tensor: StoredTensor, length: number | undefined): number {
    const count = tensor.shape.reduce((product, axis) => product * axis, 1)
    if (length !== undefined && length !== count) throw this.#wrongShape(tensor, [length])
    return count
  }

  #weightFormat(tensor: StoredTensor): WeightFormat {
    if (tensor.format) return tensor.format
    throw this.#unsupported(tensor, 'weights')
  }

  #unsupported({ name, type }: StoredTensor, as: string): OutriderError {
    return new OutriderError(
      'UNSUPPORTED_FORMAT',
      `${this.location}: tensor ${name} is stored as ${type}, which cannot be read as ${as}: take a file in F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q4_K or Q6_K.`,
      { details: { location: this.location, name, type } },
    )
  }

  #wrongShape({ name, shape }: StoredTensor, wanted: readonly number[] | string): OutriderError {
    const expected = typeof wanted === 'string' ? wanted : `[${wanted.join(', ')}]`
    return new OutriderError(
      'TENSOR_SHAPE',
      `${this.location}: tensor ${name} is [${shape.join(', ')}], but ${expected} is needed: does the file belong to this configuration?`,
      { details: { location: this.location, name, found: shape, expected: wanted } },
    )
  }
}
