import { OutriderError } from '../errors'
import { emptyCodes, readCodes } from '../load/codes'
import { dequantise } from '../load/formats'
import type {
  Arithmetic,
  Backend,
  BackendInfo,
  BackendStats,
  DeviceLoss,
  DType,
  Ops,
  Program,
  Shape,
  Tensor,
  Weight,
  WeightSource,
} from '../spec'
import { fusedMultiplyAdd, type MultiplyAdd, separateMultiplyAdd } from './fma'
import { HostTensor, HostWeight, host, Ledger } from './memory'
import { toHalves } from './ops/half'
import { recordOps } from './record'

/** Rows that are widened at a time: bounds what is held beside the result. */
const chunkBytes: number = 4 << 20

/** Ops as closures over host memory, run in the order in which they were recorded. */
class HostProgram implements Program {
  live = true

  constructor(
    readonly label: string,
    readonly steps: readonly (() => void)[],
  ) {}

  get dispatches(): number {
    return this.steps.length
  }

  dispose(): void {
    this.live = false
  }
}

/** Room for the integers that products are made of, for formats of which an arithmetic takes them. */
const integersOf: Readonly<Record<Arithmetic, typeof emptyCodes>> = {
  f32: () => undefined,
  i8: emptyCodes,
  f16: () => undefined,
}

class ReferenceBackend implements Backend {
  readonly info: BackendInfo
  readonly lost: Promise<DeviceLoss> = new Promise(() => {})
  readonly #ledger = new Ledger()
  readonly #counts = { submits: 0, reads: 0, dispatches: 0 }
  #live = true

  constructor(
    arithmetic: Arithmetic,
    private readonly fma: MultiplyAdd,
  ) {
    this.info = {
      name: 'reference',
      device: 'plain loops, float32',
      arithmetic,
      features: [],
      maxTensorBytes: 2 ** 31,
      cacheType: 'f32',
      software: true,
    }
  }

  get stats(): BackendStats {
    return { liveBytes: this.#ledger.liveBytes, peakBytes: this.#ledger.peakBytes, ...this.#counts }
  }

  tensor(shape: Shape, dtype: DType, label: string): Tensor {
    this.#alive()
    if (shape.some((size) => !Number.isInteger(size) || size < 1))
      throw new OutriderError('SHAPE_MISMATCH', `${label}: the sizes [${shape}] must be whole and positive`)
    const elements = shape.reduce((product, size) => product * size, 1)
    if (elements * (dtype === 'f16' ? 2 : 4) > this.info.maxTensorBytes)
      throw new OutriderError(
        'DEVICE_LACKS',
        `${label} [${shape}] is larger than one tensor may be: lower the capacity`,
      )
    return new HostTensor(label, shape, dtype, this.#ledger)
  }

  async weight(source: WeightSource, label: string): Promise<Weight> {
    this.#alive()
    const [outputs, inputs] = source.shape
    const values = new Float32Array(outputs * inputs)
    const integers = integersOf[this.info.arithmetic](source.format, outputs * inputs)
    const step = Math.max(1, Math.floor(chunkBytes / (inputs * 4)))
    for (let from = 0; from < outputs; from += step) {
      const to = Math.min(outputs, from + step)
      const bytes = await source.rows(from, to)
      dequantise(source.format, bytes, values.subarray(from * inputs, to * inputs))
      if (integers) readCodes(source.format, bytes, integers, from * inputs)
    }
    const halves = this.info.arithmetic === 'f16' ? toHalves(values) : undefined
    return new HostWeight(label, source.shape, source.format, values, this.#ledger, integers, halves)
  }

  write(target: Tensor, data: Float32Array | Uint32Array | Uint16Array, offset = 0): void {
    this.#alive()
    host(target).write(data, offset)
  }

  program(label: string, record: (ops: Ops) => void): Program {
    this.#alive()
    const steps: (() => void)[] = []
    record(recordOps((step) => steps.push(step), this.fma))
    return new HostProgram(label, steps)
  }

  async submit(
    programs: readonly Program[],
    read: readonly Tensor[] = [],
    timings?: number[],
  ): Promise<readonly ArrayBuffer[]> {
    this.#alive()
    for (const program of programs as readonly HostProgram[]) {
      if (!program.live)
        throw new OutriderError('DISPOSED', `program ${program.label} was disposed of; record it again`)
      const started = performance.now()
      for (const step of program.steps) step()
      timings?.push(performance.now() - started)
      this.#counts.dispatches += program.steps.length
    }
    if (programs.length > 0) this.#counts.submits++
    if (read.length > 0) this.#counts.reads++
    return read.map((tensor) => host(tensor).read())
  }

  dispose(): void {
    this.#live = false
    this.#ledger.clear()
  }

  #alive(): void {
    if (!this.#live) throw new OutriderError('DISPOSED', 'the backend was disposed of; make a new one')
  }
}

/** How the reference computes. */
export interface ReferenceOptions {
  /** Default `f32`. */
  readonly arithmetic?: Arithmetic
  /**
   * Whether a multiply-add of products rounds once (default) or after the multiplication too. WGSL leaves that to the device:
   * GPUs round once, SwiftShader twice; with the device's way `i8` has its bits.
   */
  readonly fusedMultiplyAdd?: boolean
}

/**
 * The backend in plain loops on the host: weights and activations in float32, sums in double, the definition of correct.
 * With the arithmetic `i8` products of quantised weights are what the WebGPU kernels of that name compute, bit for bit;
 * with `f16` all products are, but for the order of their sums.
 *
 * @example
 * ```ts
 * import { createEngine } from '@outrider/core'
 * import { referenceBackend } from '@outrider/core/reference'
 *
 * const engine = await createEngine({ backend: referenceBackend(), model: './models/stories-5m' })
 * ```
 */
export function referenceBackend({
  arithmetic = 'f32',
  fusedMultiplyAdd: fused = true,
}: ReferenceOptions = {}): Backend {
  return new ReferenceBackend(arithmetic, fused ? fusedMultiplyAdd : separateMultiplyAdd)
}
