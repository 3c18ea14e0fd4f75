import type { DeviceFacts } from '../../device'
import { orderWgsl } from '../order.wgsl'
import { workgroupSum } from '../reduce.wgsl'

/** Words of a chunk's record: order of its peak, bits of the sum of exp(logit - peak), k pairs (order, id) best first. */
export function recordWords(k: number): number {
  return 2 + 2 * k
}

/**
 * k rounds: each lane offers the best of its elements that comes after the last winner, the workgroup takes the best offer,
 * and the lane that won looks for its next. `candidate` gives `word` and `id` of element i; `take` stores the winner of round j,
 * which is `lowest` and NO_TOKEN, the complement of the zero in `bestId`, once nothing above -infinity is left.
 */
function rounds(args: { readonly k: number; readonly candidate: string; readonly take: string }): string {
  return `
  var mine = lowest;
  var mineId = 0u;
  for (var j = 0u; j < ${args.k}u; j++) {
    if (search) {
      mine = lowest;
      mineId = 0u;
      for (var i = start + lane; i < end; i += 256u) {
        ${args.candidate}
        let after = word < lastWord || (word == lastWord && id > lastId);
        if (after && (word > mine || (word == mine && id < mineId))) { mine = word; mineId = id; }
      }
    }
    atomicMax(&bestWord[j], mine);
    workgroupBarrier();
    lastWord = atomicLoad(&bestWord[j]);
    if (mine > lowest && mine == lastWord) { atomicMax(&bestId[j], ~mineId); }
    workgroupBarrier();
    lastId = ~atomicLoad(&bestId[j]);
    search = mine == lastWord && mineId == lastId;
    ${args.take}
  }`
}

const shared = (k: number): string => /* wgsl */ `
var<workgroup> bestWord: array<atomic<u32>, ${k}>;
var<workgroup> bestId: array<atomic<u32>, ${k}>; // complemented, so that the lowest id is the largest`

const state = 'var search = true; var lastWord = 0xffffffffu; var lastId = 0u;'

/** First pass, one workgroup a chunk: group.x is the chunk, group.y the row. logits f32 [rows, vocab]. */
export function topKChunkWgsl({ k }: { readonly k: number }, device: DeviceFacts): string {
  const sum = workgroupSum(device, 256)
  return /* wgsl */ `
${sum.enable}
struct Params { vocab: u32, chunk: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> records: array<u32>; // [rows, chunks, ${recordWords(k)}]
${orderWgsl}
${shared(k)}
${sum.functions}
@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32${sum.parameter}
) {
  let row = group.y * p.vocab;
  let start = group.x * p.chunk;
  let end = min(p.vocab, start + p.chunk);
  let record = (group.y * groups.x + group.x) * ${recordWords(k)}u;
  ${state}
  ${rounds({
    k,
    candidate: 'let word = order(logits[row + i]); let id = i;',
    take: 'if (lane == 0u) { records[record + 2u + 2u * j] = lastWord; records[record + 3u + 2u * j] = lastId; }',
  })}
  let peakWord = atomicLoad(&bestWord[0]);
  let peak = ordered(peakWord);
  var part = 0.0;
  for (var i = start + lane; i < end; i += 256u) {
    let word = order(logits[row + i]);
    if (word > lowest) { part += exp(max(ordered(word) - peak, -87.0)); }
  }
  let total = workgroupSum(part, lane, width);
  if (lane == 0u) {
    records[record] = peakWord;
    records[record + 1u] = bitcast<u32>(total);
  }
}`
}

/**
 * `fn logSum(row: u32, chunks: u32) -> f32`: log of the sum of exp over a row, of what the first pass left in `records`, chunk after
 * chunk. Needs `orderWgsl`.
 */
export function logSumOfRecords(k: number): string {
  const words = recordWords(k)
  return /* wgsl */ `
fn logSum(row: u32, chunks: u32) -> f32 {
  let start = row * chunks * ${words}u;
  var peakWord = lowest;
  for (var c = 0u; c < chunks; c++) { peakWord = max(peakWord, records[start + c * ${words}u]); }
  let peak = ordered(peakWord);
  var total = 0.0;
  for (var c = 0u; c < chunks; c++) {
    let word = records[start + c * ${words}u];
    if (word > lowest) { total = fma(bitcast<f32>(records[start + c * ${words}u + 1u]), exp(max(ordered(word) - peak, -87.0)), total); }
  }
  return peak + log(max(total, 1.0)); // the peak alone gives 1
}`
}

/** Second pass, one workgroup a row: merges the chunks' winners, and their sums in the order of the chunks. */
export function topKMergeWgsl({ k, withLogProbs }: { readonly k: number; readonly withLogProbs: boolean }): string {
  const words = recordWords(k)
  return /* wgsl */ `
struct Params { chunks: u32, at: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> records: array<u32>; // [rows, chunks, ${words}]
@group(0) @binding(2) var<storage, read_write> ids: array<u32>;
${withLogProbs ? '@group(0) @binding(3) var<storage, read_write> logProbs: array<u32>; // bits of f32' : ''}
${orderWgsl}
${withLogProbs ? logSumOfRecords(k) : ''}
${shared(k)}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = group.x * p.chunks * ${words}u;
  let start = 0u;
  let end = p.chunks * ${k}u;
  let to = p.at + group.x * ${k}u;
  ${withLogProbs ? 'let norm = logSum(group.x, p.chunks);' : ''}
  ${state}
  ${rounds({
    k,
    candidate: `let at = row + (i / ${k}u) * ${words}u + 2u + 2u * (i % ${k}u); let word = records[at]; let id = records[at + 1u];`,
    take: `if (lane == 0u) { ids[to + j] = lastId; ${withLogProbs ? 'logProbs[to + j] = select(bitcast<u32>(ordered(lastWord) - norm), 0xff800000u, lastWord == lowest);' : ''} }`,
  })}
}`
}
