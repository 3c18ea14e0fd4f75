import { orderWgsl } from '../order.wgsl'

/**
 * One workgroup a chunk of a row: group.x is the chunk, group.y the row. The first pass reads logits, a second one the pairs
 * (order, id) that the first left for each chunk; the last pass writes ids. Where nothing is above -infinity, `bestId` keeps its
 * zero, whose complement is NO_TOKEN.
 */
export function argmaxWgsl({ first, last }: { readonly first: boolean; readonly last: boolean }): string {
  const candidate = first
    ? 'let word = order(source[row + i]); let id = i;'
    : 'let word = source[2u * (row + i)]; let id = source[2u * (row + i) + 1u];'
  const store = last
    ? 'out[p.at + group.y] = ~atomicLoad(&bestId);'
    : `let to = 2u * (group.y * groups.x + group.x);
    out[to] = atomicLoad(&bestWord);
    out[to + 1u] = ~atomicLoad(&bestId);`
  return /* wgsl */ `
struct Params { count: u32, chunk: u32, at: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> source: array<${first ? 'f32' : 'u32'}>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
${orderWgsl}
var<workgroup> bestWord: atomic<u32>;
var<workgroup> bestId: atomic<u32>; // complemented, so that the lowest id is the largest
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.y * p.count;
  let end = min(p.count, (group.x + 1u) * p.chunk);
  var mine = lowest;
  var mineId = 0u;
  for (var i = group.x * p.chunk + lane; i < end; i += 256u) {
    ${candidate}
    if (word > mine || (word == mine && id < mineId)) { mine = word; mineId = id; }
  }
  atomicMax(&bestWord, mine);
  workgroupBarrier();
  if (mine > lowest && mine == atomicLoad(&bestWord)) { atomicMax(&bestId, ~mineId); }
  workgroupBarrier();
  if (lane == 0u) {
    ${store}
  }
}`
}
