import { INDEX, SAMPLING } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import { orderWgsl } from '../order.wgsl'
import { workgroupSum } from '../reduce.wgsl'
import { samplingWgsl } from '../sampling.wgsl'
import { radixSelectWgsl } from './radix-select.wgsl'

/** What the shader is built for: lanes of the one workgroup that a row has. */
export interface FilterForm {
  readonly lanes: 256 | 512 | 1024
}

/** Logits that a lane fetches before it looks at any: one workgroup alone has to hide how long memory takes. */
const ahead = 8

/** A loop over the words of a row, `i` the token's id; `body` may `continue`. */
function sweepOver({ lanes }: FilterForm): (body: string) => string {
  const each = Array.from({ length: ahead }, (_, j) => j)
  const fetch = each.map((j) => `let fetched${j} = logits[row.start + min(at + ${j * lanes}u, p.vocab - 1u)];`)
  return (body) => /* wgsl */ `
  for (var at = lane; at < p.vocab; at += ${ahead * lanes}u) {
    ${fetch.join('\n    ')}
    var fetched = array<u32, ${ahead}>(${each.map((j) => `fetched${j}`).join(', ')});
    for (var j = 0u; j < ${ahead}u && at + j * ${lanes}u < p.vocab; j++) {
      let i = at + j * ${lanes}u;
      let word = order(bitcast<f32>(fetched[j]));
      ${body}
    }
  }`
}

/**
 * One workgroup a row: each filter that is on lowers the greatest rank that is kept (the complement of a logit's order; typical-p has
 * a rank of its own), then the rest is set to -infinity. One loop over the filters, since compilers would copy what each calls.
 * logits f32 [rows, vocab] as bits.
 */
export function filterLogitsWgsl(form: FilterForm, device: DeviceFacts): string {
  const sum = workgroupSum(device, form.lanes)
  const sweep = sweepOver(form)
  return /* wgsl */ `
${sum.enable}
struct Params { vocab: u32, first: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> sampling: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> logits: array<u32>;
${orderWgsl}
${samplingWgsl}
${sum.functions}
const byTopK = 0u;
const byTopP = 1u;
const byTypicalP = 2u;
struct Row {
  start: u32,
  most: u32, // greatest rank that is left
  peak: f32,
  scale: f32, // of exp(logit - peak) to units of 2^-30
  mean: f32, // expected logit - peak
}
var<workgroup> peakWord: atomic<u32>;
fn isOn(stage: u32) -> bool {
  if (stage == byTopK) { return sampling[${SAMPLING.topK}] > 0u; }
  return isShare(select(${SAMPLING.topP}u, ${SAMPLING.typicalP}u, stage == byTypicalP));
}
fn takesPart(row: Row, word: u32) -> bool { return word > lowest && ~word <= row.most; }
fn below(row: Row, word: u32) -> f32 { return max(ordered(word) - row.peak, -1e30); }
fn weightOf(row: Row, word: u32) -> f32 { return exp(max(below(row, word), -87.0)); }
fn massOf(row: Row, stage: u32, word: u32) -> u32 {
  if (stage == byTopK) { return 1u; }
  return u32(fma(weightOf(row, word), row.scale, 0.5));
}
fn rankOf(row: Row, stage: u32, word: u32) -> u32 {
  if (stage == byTypicalP) { return bitcast<u32>(abs(below(row, word) - row.mean)); } // |-log p - H|
  return ~word;
}
fn goalOf(stage: u32, total: u32) -> u32 {
  if (stage == byTopK) { return min(sampling[${SAMPLING.topK}], total); }
  let share = param(select(${SAMPLING.topP}u, ${SAMPLING.typicalP}u, stage == byTypicalP));
  return clamp(u32(ceil(share * f32(total))), 1u, total);
}
${radixSelectWgsl(sweep)}
@compute @workgroup_size(${form.lanes})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32${sum.parameter}) {
  let minP = param(${SAMPLING.minP}u);
  let on = isOn(byTopK) || isOn(byTopP) || minP > 0.0 || isOn(byTypicalP);
  if (p.first + group.x >= index[${INDEX.rows}] || isGreedy() || !on) { return; }
  var row: Row;
  row.start = group.x * p.vocab;
  row.most = 0xffffffffu;
  var best = lowest;
  ${sweep('best = max(best, word);')}
  atomicMax(&peakWord, best);
  workgroupBarrier();
  row.peak = ordered(atomicLoad(&peakWord));
  var typical = 0xffffffffu;
  for (var stage = byTopK; stage <= byTypicalP; stage++) {
    if (stage == byTypicalP && minP > 0.0) { row.most = min(row.most, ~order(row.peak + min(log(minP), 0.0))); }
    if (!isOn(stage)) { continue; }
    if (stage != byTopK) {
      var weights = 0.0;
      var moments = 0.0; // of x exp(x), x = logit - peak
      ${sweep(`
        if (!takesPart(row, word)) { continue; }
        let weight = weightOf(row, word);
        weights += weight;
        moments = fma(weight, max(below(row, word), -87.0), moments);`)}
      let sum = workgroupSum(weights, lane, width);
      row.scale = 1073741824.0 / sum;
      row.mean = workgroupSum(moments, lane, width) / sum;
    }
    let rank = radixSelect(row, stage, lane);
    if (stage == byTypicalP) { typical = rank; } else { row.most = rank; }
  }
  ${sweep(`
    let untypical = isOn(byTypicalP) && rankOf(row, byTypicalP, word) > typical;
    if (!takesPart(row, word) || untypical) { logits[row.start + i] = minusInfinity; }`)}
}`
}
