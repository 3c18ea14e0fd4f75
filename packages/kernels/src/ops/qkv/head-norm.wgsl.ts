import { INDEX } from '@outrider/core/spec'
import { placeBindings, placeParams, placeWgsl } from './place.wgsl'

/** Lanes of a workgroup: a pair of channels each, for heads of up to 256. */
const lanes = 128

/** Normalises, rotates and stores one head of one row a workgroup; the squares are added as a tree of fixed shape. */
export function headNormWgsl({ halfCache }: { readonly halfCache: boolean }): string {
  const params = ['first_row: u32', 'inverse_width: f32', 'eps_q: f32', 'eps_k: f32', ...placeParams]
  const variables = [
    'var<uniform> p: Params',
    'var<storage, read> products: array<vec2<f32>>',
    'var<storage, read> gain_q: array<vec2<f32>>',
    'var<storage, read> gain_k: array<vec2<f32>>',
    'var<storage, read> index: array<u32>',
    ...placeBindings(halfCache),
  ]
  return /* wgsl */ `
struct Params { ${params.join(', ')} }
${variables.map((variable, i) => `@group(0) @binding(${i}) ${variable};`).join('\n')}

var<workgroup> squares: array<f32, ${lanes}>;
${placeWgsl(halfCache)}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let head = group.x;
  let row = group.y;
  if (p.first_row + row >= index[${INDEX.rows}]) { return; }
  let pairs = p.head_dim / 2u;
  let live = lane < pairs;
  let total = p.heads + 2u * p.kv_heads;
  var v = vec2<f32>();
  if (live) { v = products[(row * total + head) * pairs + lane]; }
  squares[lane] = fma(v.y, v.y, v.x * v.x);
  for (var distance = ${lanes / 2}u; distance > 0u; distance /= 2u) {
    workgroupBarrier();
    if (lane < distance) { squares[lane] += squares[lane + distance]; }
  }
  workgroupBarrier();
  if (!live) { return; }
  let is_query = head < p.heads;
  if (head < p.heads + p.kv_heads) {
    let gain = select(gain_k[lane], gain_q[lane], is_query);
    let eps = select(p.eps_k, p.eps_q, is_query);
    v = v * (1.0 / sqrt(fma(squares[0], p.inverse_width, eps))) * gain;
  }
  place(row, head * p.head_dim + 2u * lane, v);
}
`
}
