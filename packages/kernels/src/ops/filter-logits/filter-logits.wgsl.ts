import { INDEX } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import { drawStartWgsl, drawWgsl } from '../draw.wgsl'
import { keptWords } from '../logits-chunk.wgsl'
import { orderWgsl } from '../order.wgsl'
import { workgroupSum } from '../reduce.wgsl'
import { repeat } from '../repeat'
import { samplingWgsl } from '../sampling.wgsl'
import { filtersWgsl } from './filters.wgsl'
import { radixSelectWgsl } from './radix-select.wgsl'

/** What the shader is built for. */
export interface FilterForm {
  /** Of the one workgroup that a row has. */
  readonly lanes: 256 | 512 | 1024
  /** Logits of a chunk. */
  readonly chunk: number
  /** Whether a token is drawn from what is left. */
  readonly draws: boolean
}

/** Logits that a lane fetches before it looks at any: one workgroup alone has to hide how long memory takes. */
const ahead = 4

/** Within a sweep: the logit is beyond what a filter keeps, and no sweep meets it again. */
const drop = 'logits[place] = minusInfinity; gone |= 1u << bit;'

/** A loop over what is left of a row, `place` where a logit is, rising for a lane; `body` may `continue`. */
function sweepOver({ lanes, chunk }: FilterForm): (body: string) => string {
  const words = keptWords(chunk)
  // Trailing zeros are counted as ones, which devices can do; where nothing is left, 32, and what is fetched there is not looked at.
  return (body) => /* wgsl */ `
  for (var w = lane; w < (p.vocab + ${chunk - 1}u) / ${chunk}u * ${words}u; w += ${lanes}u) {
    let at = row.start + w / ${words}u * ${chunk}u + w % ${words}u;
    let left = kept[row.kept + w];
    var gone = 0u;
    for (var some = left; some > 0u;) {
      ${repeat(
        ahead,
        (j) => `let bit${j} = countOneBits(~some & (some - 1u));
      let fetched${j} = logits[at + bit${j} * ${words}u];
      some &= some - 1u;`,
      )}
      ${repeat(
        ahead,
        (j) => `for (var bit = bit${j}; bit < 32u; bit = 32u) {
        let place = at + bit * ${words}u;
        let word = order(bitcast<f32>(fetched${j}));
        ${body}
      }`,
      )}
    }
    kept[row.kept + w] = left & ~gone;
  }`
}

/**
 * One workgroup a row, over what its chunks left: each filter that is on lowers the greatest rank that is kept (the complement of a
 * logit's order; typical-p has a rank of its own), then the rest is set to -infinity. One loop over the filters, since compilers would
 * copy what each calls. logits f32 [rows, vocab] as bits; kept as chunks leave it.
 */
export function filterLogitsWgsl(form: FilterForm, device: DeviceFacts): string {
  const sum = workgroupSum(device, form.lanes)
  const sweep = sweepOver(form)
  const { draws } = form
  const words = keptWords(form.chunk)
  return /* wgsl */ `
${sum.enable}
${orderWgsl}
${samplingWgsl}
@group(0) @binding(3) var<storage, read_write> kept: array<u32>;
@group(0) @binding(4) var<storage, read_write> logits: array<u32>;
${draws ? '@group(0) @binding(5) var<storage, read_write> out: array<u32>;' : ''}
${filtersWgsl}
${draws ? drawWgsl : ''}
${sum.functions}
${radixSelectWgsl(sweep, drop)}
@compute @workgroup_size(${form.lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32${sum.parameter}) {
  let at = p.first + group.x;
  if (at >= index[${INDEX.rows}]${draws ? '' : ' || !anyOn()'}) { return; }
  let chunks = (p.vocab + ${form.chunk - 1}u) / ${form.chunk}u;
  var row: Row;
  row.start = group.x * p.vocab;
  row.kept = group.x * chunks * ${words + 1}u;
  row.most = 0xffffffffu;
  for (var c = lane; c < chunks; c += ${form.lanes}u) { atomicMax(&peakWord, kept[row.kept + chunks * ${words}u + c]); }
  workgroupBarrier();
  row.peak = ordered(atomicLoad(&peakWord));
  var typical = 0xffffffffu;
  for (var stage = byTopK; stage <= byTypicalP; stage++) {
    if (stage == byTypicalP) { row.most = min(row.most, mostByMinP(row)); }
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
  ${draws ? drawStartWgsl : ''}
  ${sweep(`
    let untypical = isOn(byTypicalP) && rankOf(row, byTypicalP, word) > typical;
    if (!takesPart(row, word) || untypical) { logits[place] = minusInfinity; continue; }
    ${
      draws
        ? `var noisy = word;
    if (!isGreedy()) { noisy = order(ordered(word) + gumbelOf(noiseWord(key, position, place - row.start))); }
    if (noisy > best) { best = noisy; bestOfMine = place - row.start; }`
        : ''
    }`)}
  ${
    draws
      ? `bestOfLanes(best, bestOfMine);
  if (lane == 0u) { out[p.at + group.x] = ~atomicLoad(&bestId); }`
      : ''
  }
}`
}
