import { noiseWgsl } from '@outrider/core'
import { INDEX } from '@outrider/core/spec'
import { orderWgsl } from '../order.wgsl'
import { samplingWgsl } from '../sampling.wgsl'

/** How `sample` computes. */
interface SampleForm {
  /** Whether a row is one chunk. */
  readonly last: boolean
  readonly mapped: boolean
  /** Of a workgroup. */
  readonly lanes: number
}

/**
 * One workgroup a chunk of a row: group.x is the chunk, group.y the row. logits f32 [rows, vocab]. Four tokens a lane, whose words
 * come of one call of the generator, unless `mapped`: then each token has its target's id. Leaves ids where a row is one chunk, else
 * pairs (order, id) as `argmax` merges them.
 */
export function sampleWgsl({ last, mapped, lanes }: SampleForm): string {
  const store = last
    ? 'out[p.at + group.y] = ~atomicLoad(&bestId);'
    : `let to = 2u * (group.y * groups.x + group.x);
    out[to] = atomicLoad(&bestWord);
    out[to + 1u] = ~atomicLoad(&bestId);`
  const noise = mapped ? 'noiseWord(key, position, targetIds[id])' : 'words[j]'
  return /* wgsl */ `
struct Params { vocab: u32, chunk: u32, first: u32, at: u32, stream: u32, ahead: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> sampling: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read> logits: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;
${mapped ? '@group(0) @binding(5) var<storage, read> targetIds: array<u32>;' : ''}
${orderWgsl}
${samplingWgsl}
${noiseWgsl}
var<workgroup> bestWord: atomic<u32>;
var<workgroup> bestId: atomic<u32>; // complemented, so that the lowest id is the largest
@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = p.first + group.y;
  if (row >= index[${INDEX.rows}]) { return; }
  let position = index[${INDEX.positions}u + row] + p.ahead;
  let key = noiseKey(p.stream);
  let greedy = isGreedy();
  let end = min(p.vocab, (group.x + 1u) * p.chunk);
  var mine = lowest;
  var mineId = 0u;
  for (var i = group.x * p.chunk + 4u * lane; i < end; i += ${4 * lanes}u) {
    ${mapped ? '' : 'var words = vec4<u32>();\n    if (!greedy) { words = noiseWords(key, position, i >> 2u); }'}
    for (var j = 0u; j < 4u && i + j < end; j++) {
      let id = i + j;
      var word = order(logits[group.y * p.vocab + id]);
      if (!greedy && word > lowest) { word = order(ordered(word) + gumbelOf(${noise})); }
      if (word > mine) { mine = word; mineId = id; }
    }
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
