import type { ModelConfig } from './model'
import type { WeightSource } from './tensor'
import type { Tokenizer } from './tokenizer'

/** The tensors of a folder or file by their stored names, without a meaning: what a strategy opens its head with. */
export interface TensorFiles {
  /** Where it came from, for messages: a path, URL or Hub id. */
  readonly location: string
  readonly names: readonly string[]
  /** Bytes of all tensors as they are stored. */
  readonly bytes: number
  /** The folder's `config.json` as parsed, or null where there is none (a GGUF: its metadata). */
  readonly config: Readonly<Record<string, unknown>> | null
  has(name: string): boolean
  /** Stored shape, outermost axis first. Throws `TENSOR_MISSING`. */
  shape(name: string): readonly number[]
  /** A matrix. Throws `TENSOR_MISSING`, `TENSOR_SHAPE` where `shape` is given and differs, `UNSUPPORTED_FORMAT`. */
  matrix(name: string, shape?: readonly [number, number]): WeightSource
  /** A whole small tensor, widened to f32. Throws as `matrix`. */
  vector(name: string, length?: number): Promise<Float32Array>
  /** A whole small tensor of integers or booleans (I64, I32, U8, BOOL), as numbers. Throws as `matrix`. */
  integers(name: string, length?: number): Promise<readonly number[]>
  close(): Promise<void>
}

/** A decoder's checkpoint: its tensors by Hugging Face's names (`model.layers.0.self_attn.q_proj.weight`), whatever the file calls them. */
export interface Checkpoint extends TensorFiles {
  readonly model: ModelConfig
  /** Order of the rows of q and k within a head: Hugging Face's halves (i with i + headDim/2) or GGUF's pairs (2i with 2i + 1). */
  readonly rotaryOrder: 'halves' | 'pairs'
  /** null where the folder has none. Throws `TOKENIZER_MISMATCH` where it has more tokens than the embedding table has rows. */
  tokenizer(): Promise<Tokenizer | null>
}

/** What a loader tells while it works. */
export interface LoadProgress {
  /** File, or tensor once weights go to the device. */
  readonly item: string
  readonly stage: 'download' | 'weights'
  readonly doneBytes: number
  readonly totalBytes: number
}
