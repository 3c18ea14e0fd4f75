import type { DType } from '@outrider/core/spec'

/** How a head's vector in a KV cache is read: as `count` vectors of type `type`, each of `values` elements. */
export interface KvWords {
  readonly type: 'u32' | 'vec4u' | 'vec2f' | 'vec4f'
  readonly count: number
  readonly values: number
}

/** The widest loads that divide a head: 16 bytes, else 4 (f16) or 8 (f32). headDim is even. */
export function kvWords(dtype: DType, headDim: number): KvWords {
  if (dtype === 'f16')
    return headDim % 8 === 0
      ? { type: 'vec4u', count: headDim / 8, values: 8 }
      : { type: 'u32', count: headDim / 2, values: 2 }
  return headDim % 4 === 0
    ? { type: 'vec4f', count: headDim / 4, values: 4 }
    : { type: 'vec2f', count: headDim / 2, values: 2 }
}
