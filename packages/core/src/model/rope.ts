import type { ModelConfig, RopeConfig } from '../spec'

/** Angle that each pair of a head turns by per position, before `positionScale`: [headDim / 2], radians. */
function frequencies(rope: RopeConfig, headDim: number): Float64Array {
  const base = Float64Array.from({ length: headDim / 2 }, (_, i) => rope.theta ** ((-2 * i) / headDim))
  const { scaling } = rope
  switch (scaling?.type) {
    case undefined:
      return base
    case 'linear':
      return base.map((frequency) => frequency / scaling.factor)
    case 'dynamic':
      // Within the original positions dynamic scaling is none; `stretched` sees to what goes beyond them.
      return base
    case 'llama3':
      return base.map((frequency) => {
        const wavelength = (2 * Math.PI) / frequency
        const { factor, lowFreqFactor, highFreqFactor, originalPositions } = scaling
        if (wavelength < originalPositions / highFreqFactor) return frequency
        if (wavelength > originalPositions / lowFreqFactor) return frequency / factor
        const smooth = (originalPositions / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor)
        return ((1 - smooth) * frequency) / factor + smooth * frequency
      })
    case 'yarn': {
      const { factor, betaFast, betaSlow, originalPositions } = scaling
      const pairAt = (turns: number) =>
        (headDim * Math.log(originalPositions / (turns * 2 * Math.PI))) / (2 * Math.log(rope.theta))
      const low = Math.max(Math.floor(pairAt(betaFast)), 0)
      const high = Math.min(Math.ceil(pairAt(betaSlow)), headDim - 1)
      return base.map((frequency, i) => {
        const ramp = Math.min(1, Math.max(0, (i - low) / Math.max(high - low, 0.001)))
        return (frequency / factor) * ramp + frequency * (1 - ramp)
      })
    }
  }
}

/** What YaRN multiplies cosine and sine by (Peng et al. 2023, §3.4); 1 for every other scaling. */
function magnitude(rope: RopeConfig): number {
  if (rope.scaling?.type !== 'yarn') return 1
  return rope.scaling.attentionFactor ?? 0.1 * Math.log(rope.scaling.factor) + 1
}

/** Dynamic NTK scaling for sequences of up to `positions`: the base grows where they exceed the original positions. */
function stretched(config: ModelConfig, positions: number): RopeConfig {
  const { rope, headDim } = config
  if (rope.scaling?.type !== 'dynamic' || positions <= rope.scaling.originalPositions) return rope
  const { factor, originalPositions } = rope.scaling
  const growth = (factor * positions) / originalPositions - (factor - 1)
  return { theta: rope.theta * growth ** (headDim / (headDim - 2)), scaling: null }
}

/**
 * Cosine and sine of each pair at each position: f32 [positions, headDim / 2, 2]. Computed in double, so that every backend
 * rotates by the same floats. `reach` is the longest sequence that is served: dynamic scaling goes by it, and a table may cover
 * rows beyond. Su et al. 2021; the scalings as Hugging Face's `rope_scaling` defines them.
 *
 * @example
 * ```ts
 * import { type ModelConfig, ropeTable } from '@outrider/core'
 *
 * export const half = (config: ModelConfig): Float32Array => ropeTable(config, config.maxPositions / 2)
 * ```
 */
export function ropeTable(config: ModelConfig, positions: number, reach: number = positions): Float32Array {
  const rope = stretched(config, reach)
  const angles = frequencies(rope, config.headDim)
  const size = magnitude(rope)
  const table = new Float32Array(positions * config.headDim)
  for (let position = 0; position < positions; position++)
    angles.forEach((angle, i) => {
      const at = position * config.headDim + 2 * i
      table[at] = Math.cos(position * angle) * size
      table[at + 1] = Math.sin(position * angle) * size
    })
  return table
}
