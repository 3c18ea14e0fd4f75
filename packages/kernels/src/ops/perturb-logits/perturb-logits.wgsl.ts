import { noiseWgsl } from '@outrider/core'
import { INDEX, SAMPLING } from '@outrider/core/spec'
import { orderWgsl } from '../order.wgsl'
import { samplingWgsl } from '../sampling.wgsl'

/** Logits of a row that one workgroup changes: four a lane. */
export const perturbChunk = 1024

/**
 * One workgroup a chunk of a row: group.x is the chunk, group.y the row. logits f32 [rows, vocab]. `mapped`: each token has the
 * noise of its target's id.
 */
export function perturbLogitsWgsl({ mapped }: { readonly mapped: boolean }): string {
  return /* wgsl */ `
struct Params { vocab: u32, first: u32, stream: u32, ahead: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> sampling: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> logits: array<f32>;
${mapped ? '@group(0) @binding(4) var<storage, read> targetIds: array<u32>;' : ''}
${orderWgsl}
${samplingWgsl}
${noiseWgsl}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = p.first + group.y;
  if (row >= index[${INDEX.rows}] || isGreedy()) { return; }
  let position = index[${INDEX.positions}u + row] + p.ahead;
  let key = noiseKey(p.stream);
  let start = group.x * ${perturbChunk}u + 4u * lane;
  ${mapped ? '' : 'let words = noiseWords(key, position, start >> 2u);'}
  for (var j = 0u; j < 4u && start + j < p.vocab; j++) {
    let at = group.y * p.vocab + start + j;
    let word = order(logits[at]);
    if (word > lowest) {
      let noise = gumbelOf(${mapped ? 'noiseWord(key, position, targetIds[start + j])' : 'words[j]'});
      logits[at] = ordered(word) / param(${SAMPLING.temperature}) + noise;
    }
  }
}`
}
