import type { Backend, DType, Ops, Shape, Tensor, Weight, WeightSource } from '@outrider/core/spec'

/** What a tensor is made of: zeros, or the elements given. */
export interface Fill {
  readonly shape: Shape
  readonly dtype?: DType
  readonly data?: Float32Array | Uint32Array | Uint16Array
}

/** A few ops on named tensors and weights, and what to read afterwards. */
export interface Work {
  readonly tensors: Readonly<Record<string, Fill>>
  readonly weights?: Readonly<Record<string, Weight>>
  readonly read: readonly string[]
  record(ops: Ops, tensor: (name: string) => Tensor, weight: (name: string) => Weight): void
}

/** Runs `work` once and frees what it made. f16 tensors are read as their bits, the others as floats or words. */
export async function run(backend: Backend, work: Work): Promise<(Float32Array | Uint32Array | Uint16Array)[]> {
  const tensors = new Map<string, Tensor>()
  try {
    for (const [name, { shape, dtype = 'f32', data }] of Object.entries(work.tensors)) {
      const tensor = backend.tensor(shape, dtype, name)
      tensors.set(name, tensor)
      if (data) backend.write(tensor, data)
    }
    const tensor = (name: string): Tensor => tensors.get(name)!
    const program = backend.program('work', (ops) => work.record(ops, tensor, (name) => work.weights![name]!))
    try {
      const results = await backend.submit([program], work.read.map(tensor))
      return results.map((bytes, i) => {
        const { dtype } = tensor(work.read[i]!)
        return dtype === 'f32'
          ? new Float32Array(bytes)
          : dtype === 'u32'
            ? new Uint32Array(bytes)
            : new Uint16Array(bytes)
      })
    } finally {
      program.dispose()
    }
  } finally {
    for (const tensor of tensors.values()) tensor.dispose()
  }
}

/** Dispatches of a program. */
export function dispatchesOf(backend: Backend, record: (ops: Ops) => void): number {
  const program = backend.program('counted', record)
  program.dispose()
  return program.dispatches
}

/** The same matrix on two backends, as what `body` uses; freed afterwards. */
export async function withWeights<T>(
  backend: Backend,
  sources: Readonly<Record<string, WeightSource>>,
  body: (weights: Readonly<Record<string, Weight>>) => Promise<T>,
): Promise<T> {
  const weights: Record<string, Weight> = {}
  try {
    for (const [name, source] of Object.entries(sources)) weights[name] = await backend.weight(source, name)
    return await body(weights)
  } finally {
    for (const weight of Object.values(weights)) weight.dispose()
  }
}

/** Normalised mean squared error of `found`. */
export function error(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0
  let size = 0
  for (let i = 0; i < expected.length; i++) {
    difference += (found[i]! - expected[i]!) ** 2
    size += expected[i]! ** 2
  }
  return difference / Math.max(size, 1e-30)
}

/** The numbers behind binary16 bits. */
export function fromHalves(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (word) => {
    const exponent = (word >> 10) & 31
    const mantissa = word & 1023
    const value =
      exponent === 31
        ? mantissa
          ? Number.NaN
          : Number.POSITIVE_INFINITY
        : exponent === 0
          ? mantissa * 2 ** -24
          : (1 + mantissa / 1024) * 2 ** (exponent - 15)
    return word & 0x8000 ? -value : value
  })
}

/** The bits of floats, for comparisons that tell NaNs and zeros apart. */
export function words(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length)
}
