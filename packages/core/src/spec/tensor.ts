/** Sizes of each axis, outermost first. */
export type Shape = readonly number[]

/** Element types of device memory. `f16` is a storage type: every op computes in f32. */
export type DType = 'f32' | 'f16' | 'u32'

/** Device memory of one shape and element type, zeroed when made. The owner disposes of it. */
export interface Tensor {
  readonly label: string
  readonly shape: Shape
  readonly dtype: DType
  /** Bytes held on the device. */
  readonly bytes: number
  dispose(): void
}

/**
 * How the rows of a weight are stored in a file. The quantised ones are GGUF's blocks:
 * 32 weights each (`q8_0`, `q4_0`, `q4_1`) or 256 (`q4_k`, `q6_k`).
 */
export type WeightFormat = 'f32' | 'f16' | 'bf16' | 'q8_0' | 'q4_0' | 'q4_1' | 'q4_k' | 'q6_k'

/** A matrix that can be read row by row from where it is stored: nothing is held in memory until `rows` is called. */
export interface WeightSource {
  readonly name: string
  /** [outputs, inputs]: one row per output, as `y = W x` wants it. */
  readonly shape: readonly [outputs: number, inputs: number]
  readonly format: WeightFormat
  /**
   * The stored bytes of rows `from` (included) to `to` (excluded), row after row, as the format lays them out.
   * Throws `FILE_TRUNCATED`, `DOWNLOAD_FAILED`.
   */
  rows(from: number, to: number): Promise<Uint8Array>
}

/** A matrix on the device, repacked for the kernels of its backend. The owner disposes of it. */
export interface Weight {
  readonly label: string
  /** [outputs, inputs]. */
  readonly shape: readonly [outputs: number, inputs: number]
  readonly format: WeightFormat
  /** Bytes held on the device. */
  readonly bytes: number
  dispose(): void
}
