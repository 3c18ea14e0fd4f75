import type { WeightFormat } from '@outrider/core/spec'
import { repackBf16, repackF16, repackF32 } from './repack-float'
import { repackQ4K, repackQ6K } from './repack-k-quants'
import { repackQ40, repackQ41, repackQ80 } from './repack-quants'

/** Outputs of one panel. */
export const PANEL = 64

/**
 * How the device holds a format: panels of 64 outputs, a panel block after block along the inputs, a block the same inputs of
 * all 64 outputs. Inside a block each output has a *slot*: even outputs first, then odd ones, so that the 32 lanes that own
 * one pair of outputs each read neighbouring vectors. Outputs and inputs beyond the matrix are zeros.
 */
export interface Layout {
  /** Name of the decoder in `decode.wgsl.ts`: bf16 is widened and shares that of f32. */
  readonly decoder: Exclude<WeightFormat, 'bf16'>
  /** Inputs of one stored step: GGUF's block, or four plain numbers. */
  readonly stepInputs: number
  /** 16-bit words of one stored step. */
  readonly stepHalves: number
  /** Inputs of one packed block. */
  readonly blockInputs: number
  /** 32-bit words of one packed block (64 outputs). */
  readonly blockWords: number
  readonly repack: Repack
}

/**
 * Moves one stored step of one output, which starts at `from[at]`, into the packed block that starts at `to[base]` and is
 * still zero there. `output` 0..63 is the place in the panel, `part` the step's place in the block.
 */
type Repack = (from: Uint16Array, at: number, to: Uint32Array, base: number, output: number, part: number) => void

/** Formats that the kernels know. */
export const layouts: Readonly<Record<WeightFormat, Layout>> = {
  f32: { decoder: 'f32', stepInputs: 4, stepHalves: 8, blockInputs: 4, blockWords: 256, repack: repackF32 },
  bf16: { decoder: 'f32', stepInputs: 4, stepHalves: 4, blockInputs: 4, blockWords: 256, repack: repackBf16 },
  f16: { decoder: 'f16', stepInputs: 4, stepHalves: 4, blockInputs: 8, blockWords: 256, repack: repackF16 },
  q4_0: { decoder: 'q4_0', stepInputs: 32, stepHalves: 9, blockInputs: 32, blockWords: 288, repack: repackQ40 },
  q4_1: { decoder: 'q4_1', stepInputs: 32, stepHalves: 10, blockInputs: 32, blockWords: 320, repack: repackQ41 },
  q8_0: { decoder: 'q8_0', stepInputs: 32, stepHalves: 17, blockInputs: 32, blockWords: 544, repack: repackQ80 },
  q4_k: { decoder: 'q4_k', stepInputs: 256, stepHalves: 72, blockInputs: 256, blockWords: 2368, repack: repackQ4K },
  q6_k: { decoder: 'q6_k', stepInputs: 256, stepHalves: 105, blockInputs: 256, blockWords: 3360, repack: repackQ6K },
}

/** Packed blocks along the inputs. */
export function blocksAlong(layout: Layout, inputs: number): number {
  return Math.ceil(inputs / layout.blockInputs)
}

/** 32-bit words of one panel. */
export function panelWords(layout: Layout, inputs: number): number {
  return blocksAlong(layout, inputs) * layout.blockWords
}

/**
 * Repacks whole panels: `from` holds `rows` rows of `inputs` inputs as stored, `to` (zeroed) their panels, the last of which
 * may be filled in part.
 */
export function repackPanels(layout: Layout, from: Uint16Array, rows: number, inputs: number, to: Uint32Array): void {
  const { repack, stepHalves, blockWords } = layout
  const steps = inputs / layout.stepInputs
  const parts = layout.blockInputs / layout.stepInputs
  const words = panelWords(layout, inputs)
  let at = 0
  for (let row = 0; row < rows; row++) {
    let base = Math.floor(row / PANEL) * words
    let part = 0
    for (let step = 0; step < steps; step++) {
      repack(from, at, to, base, row % PANEL, part)
      at += stepHalves
      part++
      if (part === parts) {
        part = 0
        base += blockWords
      }
    }
  }
}
