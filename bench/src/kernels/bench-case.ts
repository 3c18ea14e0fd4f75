import type { Backend, Ops } from '@outrider/core'

/** One op at one size: what is recorded, and what it must at least move and compute. */
export interface BenchCase {
  readonly rows: number
  /** Calls after which the same memory is read again. */
  readonly rotation: number
  /** Bytes that a call has to read and write once: weights or cache as they lie on the device, activations in and out. */
  readonly bytes: number
  /** Floating-point operations of a call, a multiplication and an addition as two; 0 where they are not what counts. */
  readonly flops: number
  /** Records call number `turn`. */
  record(ops: Ops, turn: number): void
}

/** Cases over the same memory, which is taken when they are opened. */
export interface BenchGroup {
  readonly op: string
  /** `4096x14336`, `8b 32/8x128 512 keys`. */
  readonly shape: string
  /** Format of the weights or element type of what is read. */
  readonly dtype: string
  /** Whether the arithmetic changes how it is computed: products with quantised weights. */
  readonly computed: boolean
  open(bench: BenchPlace): Promise<{ readonly cases: readonly BenchCase[]; dispose(): void }>
}

/** What cases are made with. */
export interface BenchPlace {
  readonly backend: Backend
  /** Ascending from 1. */
  readonly rows: readonly number[]
  /** Bytes that are read in turn, more than a cache holds. */
  readonly rotatedBytes: number
}
