import { NO_TOKEN } from '@outrider/core/spec'
import type { DeviceFacts } from '../../device'
import { orderWgsl } from '../order.wgsl'
import { workgroupSum } from '../reduce.wgsl'
import { repeat } from '../repeat'

/** Words of a chunk's record: order of its peak, bits of the sum of exp(logit - peak), k pairs (order, id) best first. */
export function recordWords(k: number): number {
  return 2 + 2 * k
}

/** Lanes of a workgroup that chooses. */
const lanes = 256

/** Elements that a workgroup chooses from: `each` a lane, as pairs of a word and an id. */
interface Choice {
  readonly k: number
  readonly each: number
  /** The pair of element `i`. */
  readonly candidate: string
  /** What is done once the elements are there and the largest word, `peak`, is known; every lane comes by. */
  readonly between: string
  /** Stores `own`, the pair of rank `rank` below k: `lowest` and NO_TOKEN where nothing above -infinity is left. */
  readonly take: string
}

/**
 * Each lane's best is ranked among all lanes' by counting: the k best come from the k lanes that hold the k best of these, and none of
 * them is below the last of these. What is not below it (at most k times `each`) is collected and ranked by counting in turn. So it
 * takes as many barriers for one as for 32.
 */
function choose({ k, each, candidate, between, take }: Choice): string {
  // Written out: a lane's elements are to stay in registers, and their loads to be under way together.
  const every = (line: (j: number) => string) => repeat(each, line)
  return `
  ${every((j) => `var mine${j} = vec2(lowest, ${NO_TOKEN}u);`)}
  ${every((j) => `if (start + lane + ${j * lanes}u < end) { let i = start + lane + ${j * lanes}u; mine${j} = ${candidate}; }`)}
  var most = mine0;
  ${every((j) => (j === 0 ? '' : `if (before(mine${j}, most)) { most = mine${j}; }`))}
  bestWords[lane] = most.x;
  bestIds[lane] = most.y;
  if (lane == 0u) {
    least = vec2(lowest, 0u);
    peak = lowest;
  }
  workgroupBarrier();
  var above = vec4u();
  for (var other = 0u; other < ${lanes}u; other += 4u) {
    let words = vec4(bestWords[other], bestWords[other + 1u], bestWords[other + 2u], bestWords[other + 3u]);
    above += select(vec4u(), vec4(1u), words > vec4(most.x));
    let equal = words == vec4(most.x);
    // The lane itself is among them once.
    if (any(equal)) {
      let ids = vec4(bestIds[other], bestIds[other + 1u], bestIds[other + 2u], bestIds[other + 3u]);
      above += select(vec4u(), vec4(1u), equal & (ids < vec4(most.y)));
    }
  }
  var rank = dot(above, vec4(1u));
  if (most.x > lowest && rank == 0u) { peak = most.x; }
  if (most.x > lowest && rank == ${k - 1}u) { least = most; }
  workgroupBarrier();
  ${every((j) => `if (mine${j}.x > lowest && !before(least, mine${j})) { found[atomicAdd(&count, 1u)] = mine${j}; }`)}
  ${between}
  workgroupBarrier();
  let all = atomicLoad(&count);
  for (var at = lane; at < max(all, ${k}u); at += ${lanes}u) {
    var own = vec2(lowest, ${NO_TOKEN}u);
    rank = at;
    if (at < all) {
      own = found[at];
      rank = 0u;
      for (var other = 0u; other < all; other++) { rank += u32(before(found[other], own)); }
    }
    if (rank < ${k}u) { ${take} }
  }`
}

const shared = ({ k, each }: { readonly k: number; readonly each: number }): string => /* wgsl */ `
// Of each lane's best the word and the id.
var<workgroup> bestWords: array<u32, ${lanes}>;
var<workgroup> bestIds: array<u32, ${lanes}>;
var<workgroup> found: array<vec2u, ${k * each}>;
var<workgroup> count: atomic<u32>;
var<workgroup> least: vec2u;
var<workgroup> peak: u32;
// Of equal words the one of the lower id goes first.
fn before(a: vec2u, b: vec2u) -> bool { return a.x > b.x || (a.x == b.x && a.y < b.y); }`

/** What the first pass is to leave. */
export interface ChunkForm {
  readonly k: number
  readonly chunk: number
  /** The sum of exp(logit - peak) as well. */
  readonly sum: boolean
  /** The row's ids themselves, where it has one chunk, and not its record. */
  readonly whole: boolean
}

/** First pass, one workgroup a chunk: group.x is the chunk, group.y the row. logits f32 [rows, vocab], each read once. */
export function topKChunkWgsl({ k, chunk, sum, whole }: ChunkForm, device: DeviceFacts): string {
  const { enable, functions, parameter } = workgroupSum(device, lanes)
  const each = Math.ceil(chunk / lanes)
  const total = `
  var part = 0.0;
  ${repeat(each, (j) => `if (mine${j}.x > lowest) { part += exp(max(ordered(mine${j}.x) - ordered(peak), -87.0)); }`)}
  let total = workgroupSum(part, lane, width);
  ${whole ? 'let norm = ordered(peak) + log(max(total, 1.0));' : 'if (lane == 0u) { records[record + 1u] = bitcast<u32>(total); }'}`
  const out = whole
    ? `
@group(0) @binding(2) var<storage, read_write> ids: array<u32>;
${sum ? logProbsBinding(3) : ''}`
    : `
@group(0) @binding(2) var<storage, read_write> records: array<u32>; // [rows, chunks, ${recordWords(k)}]`
  return /* wgsl */ `
${sum ? enable : ''}
struct Params { vocab: u32, at: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
${out}
${orderWgsl}
${shared({ k, each })}
${sum ? functions : ''}
@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32${sum ? parameter : ''}
) {
  let row = group.y * p.vocab;
  let start = group.x * ${chunk}u;
  let end = min(p.vocab, start + ${chunk}u);
  ${whole ? `let to = p.at + group.y * ${k}u;` : `let record = (group.y * groups.x + group.x) * ${recordWords(k)}u;`}
  ${choose({
    k,
    each,
    candidate: 'vec2(order(logits[row + i]), i)',
    between: `${sum ? total : ''}
  ${whole ? '' : 'if (lane == 0u) { records[record] = peak; }'}`,
    take: whole ? takeId(sum) : 'records[record + 2u + 2u * rank] = own.x; records[record + 3u + 2u * rank] = own.y;',
  })}
}`
}

function logProbsBinding(at: number): string {
  return `@group(0) @binding(${at}) var<storage, read_write> logProbs: array<u32>; // bits of f32`
}

function takeId(withLogProbs: boolean): string {
  const logProb = 'select(bitcast<u32>(ordered(own.x) - norm), 0xff800000u, own.x == lowest)'
  return `ids[to + rank] = own.y; ${withLogProbs ? `logProbs[to + rank] = ${logProb};` : ''}`
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

/** What the second pass merges. */
export interface MergeForm {
  readonly k: number
  readonly chunks: number
  readonly withLogProbs: boolean
}

/** Second pass, one workgroup a row: merges the chunks' best, and their sums in the order of the chunks. */
export function topKMergeWgsl({ k, chunks, withLogProbs }: MergeForm): string {
  const words = recordWords(k)
  const each = Math.ceil((chunks * k) / lanes)
  return /* wgsl */ `
struct Params { at: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> records: array<u32>; // [rows, ${chunks}, ${words}]
@group(0) @binding(2) var<storage, read_write> ids: array<u32>;
${withLogProbs ? logProbsBinding(3) : ''}
${orderWgsl}
${withLogProbs ? logSumOfRecords(k) : ''}
${shared({ k, each })}
fn recorded(at: u32) -> vec2u { return vec2(records[at], records[at + 1u]); }
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x * ${chunks * words}u;
  let start = 0u;
  let end = ${chunks * k}u;
  let to = p.at + group.x * ${k}u;
  ${withLogProbs ? `let norm = logSum(group.x, ${chunks}u);` : ''}
  ${choose({
    k,
    each,
    candidate: `recorded(row + (i / ${k}u) * ${words}u + 2u + 2u * (i % ${k}u))`,
    between: '',
    take: takeId(withLogProbs),
  })}
}`
}
