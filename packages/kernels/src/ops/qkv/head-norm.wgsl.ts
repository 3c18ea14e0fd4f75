import { INDEX } from '@outrider/core/spec'
import { placeBindings, placeParams, placeWgsl } from './place.wgsl'

/** Lanes of a workgroup: a pair of channels each, for heads of up to 256. */
const lanes = 128

/** Normalises, rotates and stores one head of one row a workgroup; the squares are added as a tree of fixed shape. */
export function headNormWgsl({ halfCache }: { readonly halfCache: boolean }): string {
  const params = ['firstRow: u32', 'inverseWidth: f32', 'epsQ: f32', 'epsK: f32', ...placeParams]
  const variables = [
    'var<uniform> p: Params',
    'var<storage, read> products: array<vec2f>',
    'var<storage, read> gainQ: array<vec2f>',
    'var<storage, read> gainK: array<vec2f>',
    'var<storage, read> index: array<u32>',
    ...placeBindings(halfCache),
  ]
  return /* wgsl */ `
struct Params { ${params.join(', ')} }
${variables.map((variable, i) => `@group(0) @binding(${i}) ${variable};`).join('\n')}

var<workgroup> squares: array<f32, ${lanes}>;
${placeWgsl(halfCache)}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.x;
  let row = group.y;
  if (p.firstRow + row >= index[${INDEX.rows}]) { return; }
  let pairs = p.headDim / 2u;
  let live = lane < pairs;
  let total = p.heads + 2u * p.kvHeads;
  var v = vec2f();
  if (live) { v = products[(row * total + head) * pairs + lane]; }
  squares[lane] = fma(v.y, v.y, v.x * v.x);
  for (var distance = ${lanes / 2}u; distance > 0u; distance /= 2u) {
    workgroupBarrier();
    if (lane < distance) { squares[lane] += squares[lane + distance]; }
  }
  workgroupBarrier();
  if (!live) { return; }
  let isQuery = head < p.heads;
  if (head < p.heads + p.kvHeads) {
    let gain = select(gainK[lane], gainQ[lane], isQuery);
    let eps = select(p.epsK, p.epsQ, isQuery);
    v = v * (1.0 / sqrt(fma(squares[0], p.inverseWidth, eps))) * gain;
  }
  place(row, head * p.headDim + 2u * lane, v);
}
`
}
