import { INDEX, MAX_PATH, SAMPLING } from '@outrider/core/spec'
import { orderWgsl } from '../order.wgsl'
import { samplingWgsl } from '../sampling.wgsl'

/** Logits of a row that one workgroup adjusts. */
export const adjustChunk = 1024

/** What a variant of the shader binds: behind the logits, `out` unless they are changed in place, then the mask. */
export interface AdjustForm {
  readonly inPlace: boolean
  readonly masked: boolean
}

/** One workgroup a chunk of a row: group.x is the chunk, group.y the row. logits, out f32 [rows, vocab] as bits; mask as of the op. */
export function adjustLogitsWgsl({ inPlace, masked }: AdjustForm): string {
  const out = inPlace ? 'logits' : 'out'
  const mask = inPlace ? 7 : 8
  return /* wgsl */ `
struct Params { vocab: u32, first: u32, maskWords: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> sampling: array<u32>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> tokens: array<u32>;
@group(0) @binding(5) var<storage, read> index: array<u32>;
@group(0) @binding(6) var<storage, ${inPlace ? 'read_write' : 'read'}> logits: array<u32>;
${inPlace ? '' : '@group(0) @binding(7) var<storage, read_write> out: array<u32>;'}
${masked ? `@group(0) @binding(${mask}) var<storage, read> mask: array<u32>;` : ''}
${orderWgsl}
${samplingWgsl}
var<workgroup> path: array<u32, ${MAX_PATH}>; // tokens drafted before the row's own prediction
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = p.first + group.y;
  if (row >= index[${INDEX.rows}]) { return; }
  let depth = index[${INDEX.positions}u + row] - index[${INDEX.base}];
  if (lane < depth) { path[lane] = tokens[index[${INDEX.paths}u + row * ${MAX_PATH}u + 1u + lane]]; }
  workgroupBarrier();
  let repetition = select(param(${SAMPLING.repetition}), 1.0, param(${SAMPLING.repetition}) == 0.0);
  let presence = param(${SAMPLING.presence});
  let frequency = param(${SAMPLING.frequency});
  let penalised = repetition != 1.0 || presence != 0.0 || frequency != 0.0;
  let biased = sampling[${SAMPLING.biased}] == 1u;
  let end = min(p.vocab, (group.x + 1u) * ${adjustChunk}u);
  for (var id = group.x * ${adjustChunk}u + lane; id < end; id += 256u) {
    let word = order(bitcast<f32>(logits[group.y * p.vocab + id]));
    var logit = ordered(word);
    var banned = word == lowest;
    if (penalised) {
      let known = counts[id];
      var generated = known & 0x7fffffffu;
      for (var i = 0u; i < depth; i++) { generated += select(0u, 1u, path[i] == id); }
      if (generated > 0u || known != 0u) { logit = select(logit * repetition, logit / repetition, logit > 0.0); }
      if (generated > 0u) { logit = fma(-frequency, f32(generated), logit - presence); }
    }
    if (biased) {
      let own = order(bias[id]);
      banned = banned || own == lowest;
      logit += ordered(own);
    }
    ${masked ? 'banned = banned || ((mask[group.y * p.maskWords + (id >> 5u)] >> (id & 31u)) & 1u) == 0u;' : ''}
    if (!isGreedy()) { logit /= param(${SAMPLING.temperature}); }
    ${out}[group.y * p.vocab + id] = select(bitcast<u32>(logit), minusInfinity, banned);
  }
}`
}
