import { OutriderError } from '@outrider/core'
import type { Weight, WeightFormat } from '@outrider/core/spec'
import type { DeviceBuffer, Memory } from '../memory'
import { type Layout, layouts } from './layout'

/** Consecutive panels of a weight in one buffer: all of them, unless a binding cannot hold so much. */
export interface WeightPart {
  readonly buffer: DeviceBuffer
  readonly firstPanel: number
  readonly panels: number
}

/** A matrix on the device in the panels of its layout. */
export class PackedWeight implements Weight {
  readonly layout: Layout

  constructor(
    readonly label: string,
    readonly shape: readonly [outputs: number, inputs: number],
    readonly format: WeightFormat,
    readonly parts: readonly WeightPart[],
  ) {
    this.layout = layouts[format]
  }

  get bytes(): number {
    return this.parts.reduce((sum, { buffer }) => sum + buffer.bytes, 0)
  }

  dispose(): void {
    for (const { buffer } of this.parts) buffer.dispose()
  }
}

/** The panels behind a weight. Throws `SHAPE_MISMATCH` for another backend's. */
export function packedWeight(memory: Memory, weight: Weight): PackedWeight {
  if (weight instanceof PackedWeight && weight.parts.every(({ buffer }) => buffer.memory === memory)) return weight
  throw new OutriderError('SHAPE_MISMATCH', `weight ${weight.label} belongs to another backend`)
}
