import type { Epilogue } from './product.wgsl'
import { type ProductShaders, productShaders } from './product-shaders'

/** What the epilogue of `linear` adds to the sums. */
export interface LinearForm {
  readonly bias: boolean
  readonly accumulate: boolean
}

/** Stores the sums; with `bias` and `accumulate` added to the bias and to what `out` holds. out [row, stride], from column `column` on. */
function linearEpilogue({ bias, accumulate }: LinearForm): Epilogue {
  const addends = [...(bias ? ['bias[column]'] : []), ...(accumulate ? ['out[at]'] : [])]
  return {
    params: ['outputs: u32', 'stride: u32', 'column: u32'],
    bindings: [...(bias ? ['var<storage, read> bias: array<f32>'] : []), 'var<storage, read_write> out: array<f32>'],
    wgsl: /* wgsl */ `
fn store(row: u32, output: u32, sum: f32, scale: f32) -> f32 {
  if (output >= p.outputs) { return 0.0; }
  let column = p.column + output;
  let at = row * p.stride + column;
  let value = fma(sum, scale, ${addends.join(' + ') || '0.0'});
  out[at] = value;
  return value;
}

fn finish(row: u32, pair: u32, sums: vec2<f32>, scale: f32) -> vec2<f32> {
  let even = store(row, 2u * pair, sums.x, scale);
  return vec2<f32>(even, store(row, 2u * pair + 1u, sums.y, scale));
}
`,
    outputsOfPair: 2,
  }
}

/** weight · norm(x), stored or added. */
export const linearShaders: ProductShaders<LinearForm> = productShaders(linearEpilogue)
