import type { RopeConfig } from '../spec/model'
import type { Fields } from './fields'

/** Llama 3's scaling is always trained from 8192 positions with these two; a GGUF keeps only the factors that follow. */
const LLAMA3 = { lowFreqFactor: 1, highFreqFactor: 4, originalPositions: 8192 } as const

/**
 * The rotary embedding of a GGUF: `<architecture>.rope.*`, and the factors of `rope_freqs.weight` f32 [headDim/2] where it has them.
 * Throws `UNSUPPORTED_CONFIG`, `FILE_MALFORMED`.
 */
export function ggufRope(
  metadata: Fields,
  architecture: string,
  headDim: number,
  factors: Float32Array | null,
): RopeConfig {
  const key = (name: string) => `${architecture}.rope.${name}`
  const theta = metadata.number(key('freq_base'), 10000)
  if (metadata.count(key('dimension_count'), headDim) !== headDim)
    throw metadata.unsupported('a rotary embedding over a part of each head (rope.dimension_count) is not known')
  if (factors) return { theta, scaling: llama3(metadata, theta, headDim, factors) }
  const type = metadata.text(key('scaling.type')) ?? (metadata.has(key('scale_linear')) ? 'linear' : 'none')
  const factor = metadata.number(key('scaling.factor'), metadata.number(key('scale_linear'), 1))
  if (type === 'none' || factor === 1) return { theta, scaling: null }
  if (type === 'linear') return { theta, scaling: { type, factor } }
  if (type !== 'yarn')
    throw metadata.unsupported(`rope scaling of type ${JSON.stringify(type)} is not known: linear and yarn are`)
  const attention = metadata.number(key('scaling.attn_factor'), 1)
  return {
    theta,
    scaling: {
      type,
      factor,
      originalPositions: metadata.count(
        key('scaling.original_context_length'),
        metadata.count(`${architecture}.context_length`),
      ),
      betaFast: metadata.number(key('scaling.yarn_beta_fast'), 32),
      betaSlow: metadata.number(key('scaling.yarn_beta_slow'), 1),
      attentionFactor: attention === 1 ? null : attention * (0.1 * Math.log(factor) + 1),
    },
  }
}

/** Finds the factor of Llama 3's scaling that gives exactly the stored factors. */
function llama3(metadata: Fields, theta: number, headDim: number, factors: Float32Array): RopeConfig['scaling'] {
  const factor = factors.at(-1) ?? 1
  if (factors.every((value) => value === 1)) return null
  const fits =
    factors.length === headDim / 2 &&
    factors.every((stored, i) => Math.abs(llama3Factor(theta ** ((2 * i) / headDim), factor) / stored - 1) < 1e-4)
  if (fits) return { type: 'llama3', factor, ...LLAMA3 }
  throw metadata.unsupported('the factors of rope_freqs.weight are not those of Llama 3')
}

/** What the frequency with wavelength 2π · `period` is divided by. */
function llama3Factor(period: number, factor: number): number {
  const { lowFreqFactor, highFreqFactor, originalPositions } = LLAMA3
  const turns = originalPositions / (2 * Math.PI * period)
  if (turns > highFreqFactor) return 1
  if (turns < lowFreqFactor) return factor
  const smooth = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor)
  return 1 / ((1 - smooth) / factor + smooth)
}
