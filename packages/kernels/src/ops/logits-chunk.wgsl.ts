import { INDEX, MAX_PATH, SAMPLING } from '@outrider/core/spec'
import { drawStartWgsl, drawWgsl } from './draw.wgsl'
import { filtersWgsl } from './filter-logits/filters.wgsl'
import { radixSelectWgsl } from './filter-logits/radix-select.wgsl'
import { orderWgsl } from './order.wgsl'
import { samplingWgsl } from './sampling.wgsl'

/** What is done with a chunk of logits, in this order. */
export interface ChunkForm {
  readonly lanes: number
  /** Logits of a row that a workgroup has. */
  readonly chunk: number
  /** Penalties, bias, mask and temperature. */
  readonly adjusts: boolean
  /** Whether logits are left as they are, and what is changed goes elsewhere. */
  readonly apart: boolean
  readonly masked: boolean
  /** Leaves out what filters drop from any row that has such a chunk, and tells what is left. */
  readonly filters: boolean
  /** Noise joins the logits, over the temperature unless it draws. */
  readonly noised: boolean
  /** Whether each token has the noise of its target's id. */
  readonly mapped: boolean
  /** Leaves the id of the best where a row is one chunk (`single`), else a record (order, id). */
  readonly draws: boolean
  readonly single: boolean
}

/** Whether the logits themselves are changed. */
export function writesLogits({ adjusts, apart, filters, noised, draws }: ChunkForm): boolean {
  return !apart && (adjusts || filters || (noised && !draws))
}

/** Words that tell which logits of a chunk are left: bit b of word w stands for the logit at b · words + w. */
export function keptWords(chunk: number): number {
  return chunk / 32
}

/**
 * One workgroup a chunk of a row: group.x is the chunk, group.y the row. Four tokens a lane at a time: their noise comes of one call of
 * the generator. counts, bias and tokens are bound in every form. logits, changed f32 [rows, vocab] as bits. With filters out is u32 [rows, chunks · words + chunks], the order of each
 * chunk's peak last.
 */
export function logitsChunkWgsl(form: ChunkForm): string {
  const { lanes, chunk, adjusts, apart, masked, filters, noised, mapped, draws, single } = form
  const changed = apart ? 'changed' : 'logits'
  const each = chunk / lanes
  const words = keptWords(chunk)
  const when = (condition: unknown, text: string) => (condition ? text : '')
  const extra = [
    when(apart, '_write> changed'),
    when(masked, '> mask'),
    when(mapped, '> targetIds'),
    when(filters || draws, '_write> out'),
  ].filter(Boolean)
  const sweep = (body: string) => `
  for (var j = 0u; j < ${each}u; j++) {
    let word = order(bitcast<f32>(mine[j]));
    ${body}
  }`
  return /* wgsl */ `
${orderWgsl}
${samplingWgsl}
@group(0) @binding(3) var<storage, read> counts: array<u32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read> tokens: array<u32>;
@group(0) @binding(6) var<storage, read${when(writesLogits(form), '_write')}> logits: array<u32>;
${extra.map((binding, i) => `@group(0) @binding(${i + 7}) var<storage, read${binding}: array<u32>;`).join('\n')}
${when(adjusts, adjustWgsl(lanes, masked))}
${when(noised, drawWgsl)}
${when(filters, filtersWgsl + radixSelectWgsl(sweep))}
var<private> mine: array<u32, ${each}>;
var<workgroup> left: array<atomic<u32>, ${words}>;
@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = p.first + group.y;
  if (at >= index[${INDEX.rows}]) { return; }
  let start = group.x * ${chunk}u;
  let end = min(p.vocab, start + ${chunk}u);
  let ofRow = group.y * p.vocab;
  ${when(adjusts, 'adjustRow(at, lane);')}
  ${when(noised, drawStartWgsl)}
  for (var i = 0u; i < ${each}u; i += 4u) {
    let first = start + ${lanes}u * i + 4u * lane;
    ${when(noised && !mapped, 'var words = vec4u();\nif (first < end && !isGreedy()) { words = noiseWords(key, position, first >> 2u); }')}
    for (var j = 0u; j < 4u; j++) {
      let id = first + j;
      var bits = minusInfinity;
      if (id < end) {
        bits = logits[ofRow + id];
        ${when(adjusts, 'bits = adjusted(bits, id, group.y);')}
        ${when(adjusts && !filters, `${changed}[ofRow + id] = bits;`)}
      }
      ${when(filters, 'mine[i + j] = bits;')}
      ${when(
        noised,
        `var word = order(bitcast<f32>(bits));
      if (!isGreedy() && word > lowest) {
        let noise = gumbelOf(${mapped ? 'noiseWord(key, position, targetIds[id])' : 'words[j]'});
        ${
          draws
            ? 'word = order(ordered(word) + noise);'
            : `logits[ofRow + id] = bitcast<u32>(ordered(word) / param(${SAMPLING.temperature}) + noise);`
        }
      }
      if (word > best) { best = word; bestOfMine = id; }`,
      )}
    }
  }
  ${when(
    draws,
    `bestOfLanes(best, bestOfMine);
  if (lane == 0u) {
    ${
      single
        ? 'out[p.at + group.y] = ~atomicLoad(&bestId);'
        : `let to = 2u * (group.y * groups.x + group.x);
    out[to] = atomicLoad(&bestWord);
    out[to + 1u] = ~atomicLoad(&bestId);`
    }
  }`,
  )}
  ${when(
    filters,
    `var row: Row;
  row.most = 0xffffffffu;
  var peak = lowest;
  ${sweep('peak = max(peak, word);')}
  atomicMax(&peakWord, peak);
  workgroupBarrier();
  row.peak = ordered(atomicLoad(&peakWord));
  // A logit that falls behind k of its chunk, or too far behind its peak, does so in the row.
  if (isOn(byTopK)) { row.most = radixSelect(row, byTopK, lane); }
  if (!isOn(byTopP)) { row.most = min(row.most, mostByMinP(row)); }
  let drops = anyOn();
  ${sweep(`
    let place = ${4 * lanes}u * (j / 4u) + 4u * lane + j % 4u;
    if (start + place >= end) { break; }
    let keeps = takesPart(row, word);
    if (keeps) { atomicOr(&left[place % ${words}u], 1u << (place / ${words}u)); }
    ${changed}[ofRow + start + place] = select(mine[j], minusInfinity, drops && !keeps);`)}
  workgroupBarrier();
  let to = group.y * groups.x * ${words + 1}u;
  if (lane < ${words}u) { out[to + group.x * ${words}u + lane] = atomicLoad(&left[lane]); }
  if (lane == 0u) { out[to + groups.x * ${words}u + group.x] = atomicLoad(&peakWord); }`,
  )}
}`
}

/** `adjustRow` is called first, by all lanes; `adjusted` gives a logit's bits as they should be. */
function adjustWgsl(lanes: number, masked: boolean): string {
  return /* wgsl */ `
var<workgroup> path: array<u32, ${MAX_PATH}>; // tokens drafted before the row's own prediction
var<private> depth: u32;
var<private> repetition: f32;
var<private> presence: f32;
var<private> frequency: f32;
fn adjustRow(row: u32, lane: u32) {
  depth = index[${INDEX.positions}u + row] - index[${INDEX.base}];
  for (var i = lane; i < depth; i += ${lanes}u) { path[i] = tokens[index[${INDEX.paths}u + row * ${MAX_PATH}u + 1u + i]]; }
  workgroupBarrier();
  repetition = select(param(${SAMPLING.repetition}), 1.0, param(${SAMPLING.repetition}) == 0.0);
  presence = param(${SAMPLING.presence});
  frequency = param(${SAMPLING.frequency});
}
fn adjusted(bits: u32, id: u32, row: u32) -> u32 {
  let word = order(bitcast<f32>(bits));
  var logit = ordered(word);
  var banned = word == lowest;
  if (repetition != 1.0 || presence != 0.0 || frequency != 0.0) {
    let known = counts[id];
    var generated = known & 0x7fffffffu;
    for (var i = 0u; i < depth; i++) { generated += u32(path[i] == id); }
    if (generated > 0u || known != 0u) { logit = select(logit * repetition, logit / repetition, logit > 0.0); }
    if (generated > 0u) { logit = fma(-frequency, f32(generated), logit - presence); }
  }
  if (sampling[${SAMPLING.biased}] == 1u) {
    let own = order(bias[id]);
    banned = banned || own == lowest;
    logit += ordered(own);
  }
  ${masked ? 'banned = banned || ((mask[row * ((p.vocab + 31u) / 32u) + (id >> 5u)] >> (id & 31u)) & 1u) == 0u;' : ''}
  if (!isGreedy()) { logit /= param(${SAMPLING.temperature}); }
  return select(bitcast<u32>(logit), minusInfinity, banned);
}`
}
