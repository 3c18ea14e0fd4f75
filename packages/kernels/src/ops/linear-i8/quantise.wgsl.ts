import { blockInputs, blockLanes, blockVectors, quantiseWgsl } from './int8-rows.wgsl'

/** Blocks of one workgroup. */
export const groupBlocks = 8

/** Blocks of x · gain as int8, rows one below the other: x f32 [rows, inputs], gain f32 [inputs] where there is a norm. */
export function quantiseRowsWgsl({ norm }: { readonly norm: boolean }): string {
  const lanes = groupBlocks * blockLanes
  return /* wgsl */ `
struct Params { blocks: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
${norm ? '@group(0) @binding(2) var<storage, read> gain: array<vec4f>;' : ''}
@group(0) @binding(${norm ? 3 : 2}) var<storage, read_write> int8: array<u32>;
${quantiseWgsl(lanes)}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let vector = group.x * ${lanes}u + lane;
  let vectors = p.blocks * ${blockInputs / 4}u;
  let block = group.y * p.blocks + vector / ${blockLanes}u;
  quantise(
    lane, vector < vectors, x[group.y * vectors + min(vector, vectors - 1u)],
    ${norm ? 'gain[min(vector, vectors - 1u)]' : 'vec4f(1.0)'}, block * ${blockVectors * 4}u,
  );
}`
}
