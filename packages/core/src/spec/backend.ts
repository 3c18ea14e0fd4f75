import type { Ops } from './ops'
import type { DType, Shape, Tensor, Weight, WeightSource } from './tensor'

/**
 * How the kernels of `linear`, `gatedLinear` and `qkv` compute; each is row-invariant.
 * - `f32`: float32 activations, products and sums.
 * - `i8`: activations as int8 with a scale for each block of 32 inputs, sums of a block in exact integers, float32 over the
 *   blocks in one fixed order: for quantised weights, others are multiplied as in `f32`.
 * - `f16`: activations as f16 after a division by four, sizes beyond 2^18 as the largest; weights rounded to f16, float32 sums by
 *   subgroup matrices, whose order of addition is the driver's: a normalised squared error below 1e-6 against `f32`.
 */
export type Arithmetic = 'f32' | 'i8' | 'f16'

/** What a backend is and what it can do. */
export interface BackendInfo {
  /** `webgpu` or `reference`, or a third party's own word: nobody switches on it. */
  readonly name: string
  /** The device in words: vendor, architecture, driver. */
  readonly device: string
  readonly arithmetic: Arithmetic
  /** Optional device features in use, by their WebGPU names. */
  readonly features: readonly string[]
  /** Largest number of bytes that one tensor may hold. */
  readonly maxTensorBytes: number
  /** Element type of KV caches that suits the device: f16, but f32 for the definition of correct. */
  readonly cacheType: 'f16' | 'f32'
  /** Whether the device computes on a general processor (a software adapter or plain loops). */
  readonly software: boolean
}

/** Device memory and work so far. */
export interface BackendStats {
  /** Bytes that tensors and weights hold now. */
  readonly liveBytes: number
  /** Most bytes held at any time. */
  readonly peakBytes: number
  /** Calls of `submit` that carried work. */
  readonly submits: number
  /** Calls of `submit` that read something back. */
  readonly reads: number
  /** Dispatches (calls of ops, for a backend without dispatches) that were submitted. */
  readonly dispatches: number
}

/** Why a device went away. */
export interface DeviceLoss {
  readonly reason: string
  readonly message: string
}

/** Work recorded once and submitted many times. Its owner disposes of it; the tensors it uses stay. */
export interface Program {
  readonly label: string
  /** Dispatches that one run submits. */
  readonly dispatches: number
  dispose(): void
}

/**
 * A backend owns memory and runs programs. Core has one in plain loops (`@outrider/core/reference`), `@outrider/kernels`
 * one on WebGPU; the engine asks for nothing but this.
 */
export interface Backend {
  readonly info: BackendInfo
  readonly stats: BackendStats
  /** Resolves when the device is gone, and never rejects. */
  readonly lost: Promise<DeviceLoss>
  /** Zeroed memory. Throws `OUT_OF_MEMORY`, `DEVICE_LACKS` (over `maxTensorBytes`), `DISPOSED`. */
  tensor(shape: Shape, dtype: DType, label: string): Tensor
  /** Reads a matrix chunk by chunk and repacks it. Throws what `source.rows` throws, `UNSUPPORTED_FORMAT`, `OUT_OF_MEMORY`. */
  weight(source: WeightSource, label: string): Promise<Weight>
  /**
   * Writes `data`, in the tensor's own element layout, from element `offset` on: after all that was submitted before has run, and before anything submitted later does.
   * A f16 tensor takes a Uint16Array of binary16 bits; since WebGPU writes whole words, `offset` is even then, and the number of
   * elements too unless they reach the tensor's end. Throws `SHAPE_MISMATCH`, `DISPOSED`.
   */
  write(target: Tensor, data: Float32Array | Uint32Array | Uint16Array, offset?: number): void
  /** Records ops. Arguments are checked now: throws `SHAPE_MISMATCH`, `KERNEL_INVALID`, `DEVICE_LACKS`, `DISPOSED`. */
  program(label: string, record: (ops: Ops) => void): Program
  /**
   * Runs programs in order as one submission and gives the bytes of `read` as they are afterwards (whole tensors).
   * `timings` is filled with the milliseconds that each program took, by the device's own clock, and left empty where there is
   * none. Throws `DEVICE_LOST`, `KERNEL_INVALID`, `DISPOSED`.
   */
  submit(programs: readonly Program[], read?: readonly Tensor[], timings?: number[]): Promise<readonly ArrayBuffer[]>
  /** Frees everything that is left. */
  dispose(): void
}
