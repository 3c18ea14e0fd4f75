import type { Epilogue } from '../linear/product.wgsl'
import { type ProductShaders, productShaders } from '../linear/product-shaders'

/** SwiGLU over each pair of outputs, gate and up: silu(gate) · up. out [row, width]. */
const gatedEpilogue: Epilogue = {
  params: ['width: u32'],
  bindings: ['var<storage, read_write> out: array<f32>'],
  wgsl: /* wgsl */ `
fn finish(row: u32, pair: u32, sums: vec2f, scale: f32) -> f32 {
  if (pair >= p.width) { return 0.0; }
  let gate = sums.x * scale;
  let up = sums.y * scale;
  let bounded = select(gate, -80.0, gate < -80.0); // silu is below 2e-33 from there on; a NaN stays one
  let value = bounded / (1.0 + exp(-bounded)) * up;
  out[row * p.width + pair] = value;
  return value;
}
`,
  outputsOfPair: 1,
}

/** silu(gate) · up of the outputs of weight · norm(x). */
export const gatedLinearShaders: ProductShaders<null> = productShaders(() => gatedEpilogue)
