import type { Epilogue } from '../linear/product.wgsl'
import { type ProductShaders, productShaders } from '../linear/product-shaders'
import { placeBindings, placeParams, placeWgsl } from './place.wgsl'

/** Whether there is a bias, and whether the cache is f16. */
export interface QkvForm {
  readonly bias: boolean
  readonly halfCache: boolean
}

/** Rotates and stores each pair of outputs: the epilogue of one of the weights, whose output 0 is `firstOutput` of [q; k; v]. */
function qkvEpilogue({ bias, halfCache }: QkvForm): Epilogue {
  return {
    params: ['outputs: u32', 'firstOutput: u32', ...placeParams],
    bindings: [...(bias ? ['var<storage, read> bias: array<vec2f>'] : []), ...placeBindings(halfCache)],
    wgsl: /* wgsl */ `${placeWgsl(halfCache)}
fn finish(row: u32, pair: u32, sums: vec2f, scale: f32) {
  if (2u * pair >= p.outputs) { return; }
  let output = p.firstOutput + 2u * pair;
  place(row, output, fma(sums, vec2f(scale), ${bias ? 'bias[output / 2u]' : 'vec2f()'}));
}
`,
  }
}

/** weight · norm(x), rotated and stored as queries, keys and values. */
export const qkvShaders: ProductShaders<QkvForm> = productShaders(qkvEpilogue)
